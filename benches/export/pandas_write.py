"""The same table as benches/export/main.rs, written by pandas with openpyxl and with xlsxwriter, by xlsxwriter in constant
memory, and as csv: python pandas_write.py HOW [COUNT]. It needs pandas, openpyxl and xlsxwriter."""

import datetime
import os
import resource
import sys
import tempfile
import time

how, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
COLUMNS = 17 + 20 + 2


def cell(number, column):
    if column % 4 == 2:
        return number + 0.5
    if column % 4 == 3:
        return datetime.datetime(2024, 6, 3)
    return f"Réfection de la toiture du bâtiment {number}, travée {column}"


def dossiers():
    for number in range(count):
        yield [cell(number, column) for column in range(COLUMNS)]


def others():
    """The rows of the repeated field and of the avis."""
    yield "Dépenses", (row for number in range(count) for row in [[number, 1, "Ardoises", 12400], [number, 2, "Ardoises", 12400]])
    yield "Avis", ([number] + ["Merci de nous donner votre avis sur les lucarnes."] * 8 for number in range(count) for _ in range(3))


path = os.path.join(tempfile.mkdtemp(dir="target"), "export." + ("csv" if how == "csv" else "xlsx"))
began = time.monotonic()
if how == "constant":
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        for name, rows in [("Dossiers", dossiers()), *others()]:
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)
else:
    import pandas

    if how == "csv":
        pandas.DataFrame(dossiers()).to_csv(path, sep=";", decimal=",", index=False)
    else:
        with pandas.ExcelWriter(path, engine=how) as book:
            for name, rows in [("Dossiers", dossiers()), *others()]:
                pandas.DataFrame(rows).to_excel(book, sheet_name=name, index=False)
took = time.monotonic() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"{how}: {count} dossiers in {took:.1f} s, {os.path.getsize(path) // 1_000_000} MB, {peak} MiB at most")
os.remove(path)
