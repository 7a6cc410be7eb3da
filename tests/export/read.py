"""Opens export.csv, export.xlsx and export.ods of a folder, with pandas and with LibreOffice, and prints as JSON what each
has read: program, then sheet, then rows, the heading first. Anything that warns is an error.

A number is a number, a day or a moment {"date": "…"}, what is empty is null; LibreOffice's formulas begin with "=" and
stand outside quotation marks, so they come back as {"formula": "…"}."""

import csv
import datetime
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import warnings

import pandas

warnings.simplefilter("error")
SHOWN = "59,34,76,1,,0,true,true,true,true,false,-1"


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return None if pandas.isna(value) else {"date": value.isoformat()}
    if value is None or value is pandas.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return value or None
    return float(value)


def frame(table):
    rows = table.astype(object).values.tolist()
    return [list(table.columns)] + [[plain(value) for value in row] for row in rows]


# pandas takes a text of digits for a number, wherever it stands, unless it is told.
DIGITS = {"Téléphone": str, "SIRET": str}


def by_pandas(folder):
    read = {}
    for ending, engine in [("xlsx", "openpyxl"), ("ods", "odf")]:
        path = folder / f"export.{ending}"
        sheets = pandas.read_excel(path, sheet_name=None, engine=engine, keep_default_na=False, na_values=[""], dtype=DIGITS)
        read[f"pandas {ending}"] = {name: frame(table) for name, table in sheets.items()}
    table = pandas.read_csv(folder / "export.csv", sep=";", decimal=",", keep_default_na=False, na_values=[""], dtype=DIGITS)
    read["pandas csv"] = {"Dossiers": frame(table)}
    return read


def cell(text, quoted):
    if text == "":
        return None
    if quoted:
        return text
    if text.startswith("="):
        return {"formula": text}
    try:
        return float(text)
    except ValueError:
        return {"date": text}


def rows(path):
    """Like csv.reader, which does not tell what was quoted."""
    text = path.read_text(encoding="utf-8-sig")
    row, at = [], 0
    while at < len(text):
        if text[at] == '"':
            end, content = at + 1, []
            while True:
                quote = text.index('"', end)
                content.append(text[end:quote])
                if text[quote + 1 : quote + 2] != '"':
                    break
                content.append('"')
                end = quote + 2
            row.append(cell("".join(content), True))
            at = quote + 1
        else:
            end = min(i for i in (text.find(";", at), text.find("\n", at), len(text)) if i >= 0)
            row.append(cell(text[at:end].rstrip("\r"), False))
            at = end
        if at >= len(text) or text[at] in "\r\n":
            at = text.find("\n", at) + 1 or len(text)
            yield row
            row = []
        else:
            at += 1
            if text[at : at + 1] in ("\n", "\r", ""):
                row.append(None)


def by_libreoffice(folder):
    read = {}
    for ending in ["xlsx", "ods", "csv"]:
        with tempfile.TemporaryDirectory() as there:
            command = ["soffice", f"-env:UserInstallation=file://{there}/profile", "--headless", "--norestore"]
            if ending == "csv":
                command.append("--infilter=Text - txt - csv (StarCalc):59,34,76,1,,1036,true,true")
            command += ["--convert-to", f"csv:Text - txt - csv (StarCalc):{SHOWN}", "--outdir", there]
            done = subprocess.run(command + [str(folder / f"export.{ending}")], capture_output=True, text=True, timeout=300)
            # Java is not needed for this, and its absence is not the file's fault.
            said = [line for line in done.stderr.splitlines() if line.strip() and "javaldx" not in line]
            if done.returncode or said:
                sys.exit(f"soffice on export.{ending}: {done.returncode} {done.stderr}")
            sheets = {}
            for path in pathlib.Path(there).glob("*.csv"):
                name = path.stem.removeprefix("export-")
                sheets["Dossiers" if ending == "csv" else name] = list(rows(path))
            read[f"libreoffice {ending}"] = sheets
    return read


folder = pathlib.Path(sys.argv[1])
json.dump(by_pandas(folder) | by_libreoffice(folder), sys.stdout, ensure_ascii=False)
