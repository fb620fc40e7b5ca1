export interface FileInfo {
  title: string;
  author: string;
  subject: string;
  /** BCP 47. */
  language: string;
  created: Date;
  creator: string;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const xml = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c);

/**
 * The XMP properties that PDF/A-2 (ISO 19005-2, 6.6) and PDF/UA-1 (ISO 14289-1, 5) ask for, equal to those of the
 * information dictionary. The PDF/A identification itself is PDFKit's to add.
 */
export function metadataXml(info: FileInfo): string {
  const created = `${info.created.toISOString().slice(0, 19)}Z`;
  const alt = (text: string): string =>
    `<rdf:Alt><rdf:li xml:lang="x-default">${xml(text)}</rdf:li></rdf:Alt>`;
  const about = (namespaces: string, body: string): string =>
    `<rdf:Description rdf:about="" ${namespaces}>${body}</rdf:Description>`;
  return [
    about(
      'xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
      `<xmp:CreateDate>${created}</xmp:CreateDate><xmp:CreatorTool>${xml(info.creator)}</xmp:CreatorTool>`,
    ),
    about(
      'xmlns:dc="http://purl.org/dc/elements/1.1/"',
      `<dc:title>${alt(info.title)}</dc:title><dc:creator><rdf:Seq><rdf:li>${xml(info.author)}</rdf:li></rdf:Seq></dc:creator>` +
        `<dc:description>${alt(info.subject)}</dc:description>` +
        `<dc:language><rdf:Bag><rdf:li>${xml(info.language)}</rdf:li></rdf:Bag></dc:language>`,
    ),
    about('xmlns:pdf="http://ns.adobe.com/pdf/1.3/"', `<pdf:Producer>${xml(info.creator)}</pdf:Producer>`),
    about('xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"', "<pdfuaid:part>1</pdfuaid:part>"),
    PDFUA_SCHEMA,
  ].join("\n");
}

/** PDF/A allows no property without a schema; PDF/UA's is not among the predefined ones (ISO 19005-2, 6.6.2.3). */
const PDFUA_SCHEMA = `<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>PDF/UA part identifier</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>`;
