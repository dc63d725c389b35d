"""The authorizer reads its schema from a file beside it."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("jwseal.authorizer")
