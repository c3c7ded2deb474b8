"""The reports: each a function from a result to a text, in one literal table; what they show is the same."""

from collections.abc import Callable, Mapping

from understudy.contracts.report.har import as_har
from understudy.contracts.report.html import as_html
from understudy.contracts.report.json import as_json
from understudy.contracts.report.junit import as_junit
from understudy.contracts.report.subject import Subject

REPORTS: Mapping[str, Callable[[Subject], str]] = {
    "har": as_har,
    "html": as_html,
    "json": as_json,
    "junit": as_junit,
}

__all__ = ["REPORTS", "Subject", "as_har", "as_html", "as_json", "as_junit"]
