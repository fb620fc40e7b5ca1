"""The Python peers of bench/render.ts: the same table as bench/lib/document.ts, written styled and typed.

usage: render-peers.py WRITER ROWS FILE
"""

import datetime
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
    "Billed cost (USD)", "Effective cost (USD)", "List cost (USD)", "Consumed quantity (Hrs)",
]
MONEY = '"$"#,##0.00'
POOL = 9973


def pool():
    rows = []
    for i in range(POOL):
        amount = ((i * 7919) % 100_003) * 10_007
        rows.append([
            datetime.datetime(2024, 9, i % 30 + 1), SERVICES[i % 7], REGIONS[i % 4],
            f"1000000000{i % 90 + 10}", "", "Tax" if i % 11 == 0 else "Usage",
            amount / 1e6, amount * 9 // 10 / 1e6, amount * 12 // 10 / 1e6, (i % 744) * 25 / 100,
        ])
    return rows


def table(rows):
    distinct = pool()
    for i in range(rows):
        row = distinct[i % POOL]
        row[4] = f"i-{1_000_000_000 + i}"
        yield row


def openpyxl_normal(rows, file):
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill
    book = Workbook()
    sheet = book.active
    sheet.append(HEADER)
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="0F766E")
    for row in table(rows):
        sheet.append(row)
    for row in sheet.iter_rows(min_row=2):
        row[0].number_format = "yyyy-mm-dd"
        for cell in row[6:9]:
            cell.number_format = MONEY
        row[9].number_format = "#,##0.00"
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:J{rows + 1}"
    book.save(file)


def openpyxl_write_only(rows, file):
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:J{rows + 1}"
    header = []
    for text in HEADER:
        cell = WriteOnlyCell(sheet, text)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="0F766E")
        header.append(cell)
    sheet.append(header)
    # One cell a styled column, filled anew for every row: the fastest way there is with this library.
    formats = {0: "yyyy-mm-dd", 6: MONEY, 7: MONEY, 8: MONEY, 9: "#,##0.00"}
    cells = {}
    for i, code in formats.items():
        cells[i] = WriteOnlyCell(sheet, 0)
        cells[i].number_format = code
    for row in table(rows):
        line = list(row)
        for i, cell in cells.items():
            cell.value = row[i]
            if i == 0:
                cell.number_format = formats[0]
            line[i] = cell
        sheet.append(line)
    book.save(file)


def xlsxwriter_constant_memory(rows, file):
    import xlsxwriter
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    header = book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#0F766E"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    money = book.add_format({"num_format": MONEY})
    quantity = book.add_format({"num_format": "#,##0.00"})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, rows, 9)
    for i, text in enumerate(HEADER):
        sheet.write_string(0, i, text, header)
    for at, row in enumerate(table(rows), 1):
        sheet.write_datetime(at, 0, row[0], day)
        for i in range(1, 6):
            sheet.write_string(at, i, row[i])
        for i in range(6, 9):
            sheet.write_number(at, i, row[i], money)
        sheet.write_number(at, 9, row[9], quantity)
    book.close()


def read_back(_rows, file):
    """Reads the second sheet of a workbook, or the first of one; prints rows and the sum of the seventh column."""
    from decimal import Decimal
    from openpyxl import load_workbook
    book = load_workbook(file, read_only=True)
    sheet = book.worksheets[1 if len(book.worksheets) > 1 else 0]
    count, total = 0, Decimal(0)
    for row in sheet.iter_rows(min_row=2, values_only=True):
        if isinstance(row[0], datetime.datetime):
            count += 1
            total += Decimal(str(row[6]))
    print(json.dumps({"rows": count, "total": str(total)}))


WRITERS = {
    "openpyxl": openpyxl_normal,
    "openpyxl-write-only": openpyxl_write_only,
    "xlsxwriter": xlsxwriter_constant_memory,
    "read-back": read_back,
}

if __name__ == "__main__":
    WRITERS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
    print(json.dumps({"maxRssKb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
