"""The comparison of records across machines: last digits pass, everything else is seen."""

import pytest
from recomputed import differences, text_differences

RECORD = {"outcome": "holds", "trials": 10, "exact": "1/3", "mean": 0.013903403303392393, "seeds": [0, 1], "low": None}


def test_the_last_digits_of_a_float_pass():
    assert differences(RECORD, RECORD) == []
    assert differences({**RECORD, "mean": 0.013903403303392411}, RECORD) == []
    assert differences({"z": 1e-17}, {"z": 0.0}) == []
    assert differences({"z": float("nan")}, {"z": float("nan")}) == []


@pytest.mark.parametrize(
    "change",
    [{"outcome": "reverses"}, {"trials": 11}, {"trials": 10.0}, {"exact": "2/3"}, {"mean": 0.0139034034},
     {"mean": float("nan")}, {"seeds": [0]}, {"seeds": [0, 2]}, {"low": 0.0}, {"more": 1}],
)  # fmt: skip
def test_everything_else_is_seen(change):
    (line,) = differences({**RECORD, **change}, RECORD)
    assert line.startswith(f"/{next(iter(change))}")
    assert differences(RECORD, {**RECORD, **change})


def test_texts_may_differ_in_the_last_printed_digit_of_decimals():
    line = "cwmp   38.9 (+2.6)*   0.66 [0.56, 0.78]   5 seeds   6.5e-04   holds"
    assert text_differences(line, line) == []
    assert text_differences(line.replace("38.9", "38.8").replace("6.5e-04", "6.6e-04"), line) == []
    for other in ("38.7", "39", "38.90"):
        assert text_differences(line.replace("38.9", other), line)
    changes = {"5 seeds": "6 seeds", "holds": "reverses", "+2.6": "-2.6", ")*": ") ", "6.5e-04": "6.7e-04"}
    for old, new in changes.items():
        assert text_differences(line.replace(old, new), line)
    assert text_differences(line + "\nmore", line)
    assert text_differences(line, line + "\nmore")
