"""Cells that a spreadsheet shows and does not run, and that come back as they were."""

import pytest

from pinakes.platform.spreadsheet import defused, undefused


@pytest.mark.parametrize("first", "=+-@\t\r\n＝＋－＠")
def test_no_formula_of_any_width_is_run(first: str) -> None:
    for cell in (f"{first}1", f"'{first}1"):
        assert defused(cell) == f"'{cell}"
        assert undefused(defused(cell)) == cell
    assert defused(f"1{first}") == f"1{first}"
