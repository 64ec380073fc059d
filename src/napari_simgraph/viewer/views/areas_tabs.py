"""The tabs of Areas: three ways in, one result."""

from __future__ import annotations

from qtpy.QtWidgets import QTabBar

SUGGEST, CLICKS, REGIONS = 0, 1, 2
_TABS = (
    ("Suggest", "Groups found without labels."),
    ("My clicks", "A few clicks, answered at once."),
    ("My regions", "Painted classes, outlines of QuPath, or what is normal."),
)


def tab_bar() -> QTabBar:
    """The bar, without pages."""
    made = QTabBar()
    for number, (name, tip) in enumerate(_TABS):
        made.addTab(name)
        made.setTabToolTip(number, tip)
    made.setExpanding(False)
    made.setDrawBase(False)
    return made
