"""Makes the fonts in src/render/pdf/fonts from their published originals. Needs Python 3 and fonttools.

    npm pack @expo-google-fonts/inter@0.4.2 @expo-google-fonts/noto-sans-arabic@0.4.3 \
        @expo-google-fonts/noto-sans-hebrew@0.4.1       (and unpack each into a folder of its name)
    python3 tools/make-fonts.py FOLDER_WITH_THE_UNPACKED_PACKAGES

What is changed, as the SIL Open Font License allows (neither family reserves its name):
- glyphs and features that reports never use are left out, hinting too: 1.2 MB become 0.5 MB;
- Inter's digits are its tabular ones, so that columns of figures line up without asking for a feature;
- Inter's kerning is a plain `kern` table of pairs instead of class tables: a lookup is one map access, and the first
  line of text does not pay 190 ms for decoding a thousand substitution rules.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0

OUT = Path(__file__).parent.parent / "src/render/pdf/fonts"
KERNED = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x386, 0x3CF), *range(0x400, 0x460), 0x2013, 0x2014, 0x2019, 0x201C, 0x201D]


def lookups(font, table, tag):
    records = [r for r in font[table].table.FeatureList.FeatureRecord if r.FeatureTag == tag]
    indices = sorted({i for r in records for i in r.Feature.LookupListIndex})
    for index in indices:
        for sub in font[table].table.LookupList.Lookup[index].SubTable:
            yield getattr(sub, "ExtSubTable", sub)


def tabular_digits(font):
    mapping = {}
    for sub in lookups(font, "GSUB", "tnum"):
        mapping.update(getattr(sub, "mapping", {}))
    for table in font["cmap"].tables:
        if table.isUnicode():
            for digit in range(0x30, 0x3A):
                table.cmap[digit] = mapping.get(table.cmap[digit], table.cmap[digit])


def kern_pairs(font):
    cmap = font.getBestCmap()
    names = [cmap[c] for c in KERNED if c in cmap]
    found = {}
    for sub in lookups(font, "GPOS", "kern"):
        covered = set(sub.Coverage.glyphs)
        for left in names:
            if left not in covered:
                continue
            if sub.Format == 1:
                for record in sub.PairSet[sub.Coverage.glyphs.index(left)].PairValueRecord:
                    value = record.Value1.XAdvance if record.Value1 else 0
                    found.setdefault((left, record.SecondGlyph), value)
                continue
            row = sub.Class1Record[sub.ClassDef1.classDefs.get(left, 0)].Class2Record
            for right in names:
                value = row[sub.ClassDef2.classDefs.get(right, 0)].Value1
                found.setdefault((left, right), value.XAdvance if value else 0)
    wanted = set(names)
    # Below a hundredth of the em nobody sees it, and each pair costs bytes here and in every file.
    least = font["head"].unitsPerEm * 0.01
    return {pair: value for pair, value in found.items() if abs(value) >= least and set(pair) <= wanted}


def write_kern(font, pairs):
    table = KernTable_format_0(False)
    table.coverage, table.version, table.tupleIndex = 1, 0, None
    # A legacy table holds at most 10,920 pairs: the strongest are kept.
    strongest = sorted(pairs.items(), key=lambda item: -abs(item[1]))[:10_920]
    table.kernTable = dict(strongest)
    font["kern"] = newTable("kern")
    font["kern"].version, font["kern"].kernTables = 0, [table]
    return len(strongest)


def make(source, target, features, keep, latin):
    font = TTFont(source)
    pairs = {}
    if latin:
        tabular_digits(font)
        pairs = kern_pairs(font)
    options = subset.Options(layout_features=features, hinting=False, notdef_outline=True, glyph_names=True)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["DSIG", "STAT"]
    work = subset.Subsetter(options)
    work.populate(unicodes=[c for c in font.getBestCmap() if keep(c)])
    work.subset(font)
    kept = write_kern(font, pairs) if latin else 0
    # Glyph names were needed to write the pairs; the file needs none.
    font["post"].formatType = 3.0
    font.save(OUT / target)
    print(f"{target}: {font['maxp'].numGlyphs} glyphs, {kept} kerning pairs, {(OUT / target).stat().st_size:,} bytes")


def main(folder):
    joiners = {0x20, 0x200C, 0x200D, 0x200E, 0x200F}
    latin = ["ccmp", "mark", "mkmk"]
    inter = folder / "expo-google-fonts-inter/package"
    for name, weight in (("Regular", "400Regular"), ("SemiBold", "600SemiBold")):
        source = inter / weight / f"Inter_{weight}.ttf"
        make(source, f"Inter-{name}.ttf", latin, lambda c: c < 0xE000 or 0xFB00 <= c <= 0xFB06, True)
    arabic = folder / "expo-google-fonts-noto-sans-arabic/package/400Regular/NotoSansArabic_400Regular.ttf"
    shaping = ["ccmp", "isol", "init", "medi", "fina", "rlig", "liga", "kern", "mark", "mkmk"]
    make(arabic, "NotoSansArabic-Regular.ttf", shaping, lambda c: 0x600 <= c <= 0x77F or c in joiners, False)
    hebrew = folder / "expo-google-fonts-noto-sans-hebrew/package/400Regular/NotoSansHebrew_400Regular.ttf"
    marks = ["ccmp", "kern", "mark", "mkmk"]
    make(hebrew, "NotoSansHebrew-Regular.ttf", marks, lambda c: 0x590 <= c <= 0x5FF or 0xFB1D <= c <= 0xFB4F or c in joiners, False)


main(Path(sys.argv[1]))
