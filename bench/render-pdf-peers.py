"""The Python peers of bench/render-pdf.ts: the same table as bench/lib/document.ts, header on each page, zebra rows.

usage: render-pdf-peers.py WRITER ROWS FILE FONTS
"""

import json
import resource
import sys

SERVICES = [
    "Amazon EC2", "Amazon S3", "Amazon RDS", "AWS Lambda", "Amazon CloudFront",
    "AWS Key Management Service", "Amazon DynamoDB",
]
REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2"]
HEADER = [
    "Day", "Service", "Region", "Account", "Resource", "Charge category",
    "Billed cost", "Effective cost", "List cost", "Consumed quantity (Hrs)",
]
WIDTHS = [52, 130, 72, 72, 72, 62, 72, 72, 72, 86]
POOL = 9973
SIZE = 7.5
LANDSCAPE = (841.89, 595.28)


def money(value):
    return f"${value:,.2f}"


def pool():
    rows = []
    for i in range(POOL):
        amount = ((i * 7919) % 100_003) * 10_007
        rows.append([
            f"2024-09-{i % 30 + 1:02}", SERVICES[i % 7], REGIONS[i % 4], f"1000000000{i % 90 + 10}", "",
            "Tax" if i % 11 == 0 else "Usage", money(amount / 1e6), money(amount * 9 // 10 / 1e6),
            money(amount * 12 // 10 / 1e6), f"{(i % 744) * 25 / 100:,g}",
        ])
    return rows


def table(rows):
    distinct = pool()
    for i in range(rows):
        row = list(distinct[i % POOL])
        row[4] = f"i-{1_000_000_000 + i}"
        yield row


def register(fonts):
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    pdfmetrics.registerFont(TTFont("Inter", f"{fonts}/Inter-Regular.ttf"))
    pdfmetrics.registerFont(TTFont("InterBold", f"{fonts}/Inter-SemiBold.ttf"))


def style():
    from reportlab.lib import colors
    from reportlab.platypus import TableStyle
    return TableStyle([
        ("FONT", (0, 0), (-1, -1), "Inter", SIZE),
        ("FONT", (0, 0), (-1, 0), "InterBold", SIZE),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e7f1f0")),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, colors.HexColor("#f8fafc")]),
        ("ALIGN", (6, 0), (-1, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ])


def platypus(rows, file, fonts, kind, chunk, wrap):
    from reportlab import platypus as p
    from reportlab.lib.styles import ParagraphStyle
    register(fonts)
    plain = ParagraphStyle("cell", fontName="Inter", fontSize=SIZE, leading=SIZE * 1.3)
    right = ParagraphStyle("number", parent=plain, alignment=2)
    shown = (lambda row: [p.Paragraph(c, right if i > 5 else plain) for i, c in enumerate(row)]) if wrap else (lambda row: row)
    story, held = [], []
    for row in table(rows):
        held.append(shown(row))
        if chunk and len(held) == chunk:
            story.append(getattr(p, kind)([HEADER, *held], colWidths=WIDTHS, repeatRows=1, style=style()))
            held = []
    if held:
        story.append(getattr(p, kind)([HEADER, *held], colWidths=WIDTHS, repeatRows=1, style=style()))
    p.SimpleDocTemplate(file, pagesize=LANDSCAPE, leftMargin=40, rightMargin=40, topMargin=50, bottomMargin=48).build(story)


def canvas(rows, file, fonts):
    from reportlab.pdfgen.canvas import Canvas
    register(fonts)
    c = Canvas(file, pagesize=LANDSCAPE, pageCompression=1)
    lefts = [40 + sum(WIDTHS[:i]) for i in range(10)]

    def header():
        c.setFillColorRGB(0.9, 0.94, 0.94)
        c.rect(40, 520, sum(WIDTHS), 16, stroke=0, fill=1)
        c.setFillColorRGB(0.06, 0.09, 0.16)
        c.setFont("InterBold", SIZE)
        for i, text in enumerate(HEADER):
            draw(i, text, 525)
        c.setFont("Inter", SIZE)

    def draw(i, text, y):
        if i > 5:
            c.drawRightString(lefts[i] + WIDTHS[i] - 4, y, text)
        else:
            c.drawString(lefts[i] + 4, y, text)

    header()
    y = 508
    for n, row in enumerate(table(rows)):
        if n % 2:
            c.setFillColorRGB(0.97, 0.98, 0.99)
            c.rect(40, y - 4, sum(WIDTHS), 14, stroke=0, fill=1)
            c.setFillColorRGB(0.06, 0.09, 0.16)
        for i, text in enumerate(row):
            draw(i, text, y)
        y -= 14
        if y < 50:
            c.showPage()
            header()
            y = 508
    c.save()


def fpdf2(rows, file, fonts):
    from fpdf import FPDF
    pdf = FPDF(orientation="L", unit="pt", format="A4")
    pdf.add_font("Inter", "", f"{fonts}/Inter-Regular.ttf")
    pdf.add_font("Inter", "B", f"{fonts}/Inter-SemiBold.ttf")
    pdf.set_auto_page_break(False)

    def header():
        pdf.add_page()
        pdf.set_font("Inter", "B", SIZE)
        pdf.set_fill_color(231, 241, 240)
        for i, text in enumerate(HEADER):
            pdf.cell(WIDTHS[i], 16, text, fill=True, align="R" if i > 5 else "L")
        pdf.ln()
        pdf.set_font("Inter", "", SIZE)
        pdf.set_fill_color(248, 250, 252)

    header()
    for n, row in enumerate(table(rows)):
        if pdf.get_y() > 540:
            header()
        for i, text in enumerate(row):
            pdf.cell(WIDTHS[i], 14, text, fill=n % 2 == 1, align="R" if i > 5 else "L")
        pdf.ln()
    pdf.output(file)


WRITERS = {
    "longtable": lambda *a: platypus(*a, "LongTable", 0, False),
    "tables-500": lambda *a: platypus(*a, "Table", 500, False),
    "paragraphs": lambda *a: platypus(*a, "Table", 500, True),
    "canvas": canvas,
    "fpdf2": fpdf2,
}

WRITERS[sys.argv[1]](int(sys.argv[2]), sys.argv[3], sys.argv[4])
print(json.dumps({"maxRssKb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
