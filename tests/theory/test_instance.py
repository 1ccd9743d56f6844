"""Instances: what is refused and with which words, and arithmetic that floating point would get wrong."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import CostClasses, InputError, Instance, certify, cwmp
from theory.arithmetic.exact import as_fraction, exact_sum, floor_float
from theory.budget import percent

G = [3.0, -1.0, 2.0]
nan, inf = math.nan, math.inf


def labelled(labels, *values):
    return CostClasses(np.array(labels), values)


REFUSED = {
    "nan update": (([1, nan, 2], 1, 1), {}, r"update\[1\] = nan .*every entry must be finite"),
    "infinite update": (([inf, 1, -inf], 1, 1), {}, r"update\[0\] = inf \(2 such\)"),
    "complex update": (([1 + 2j], 1, 1), {}, "update must be real numbers, got dtype complex128"),
    "words": ((["a"], 1, 1), {}, "update must be real numbers"),
    "objects": (([None], 1, 1), {}, "update must be real numbers, got dtype object"),
    "booleans": (([True], 1, 1), {}, "update must be real numbers, got dtype bool"),
    "ragged": (([[1], [2, 3]], 1, 1), {}, r"update must be an array of real numbers of shape \(d,\)"),
    "matrix": (([[1.0, 2.0]], 1, 1), {}, r"update must have shape \(d,\), got \(1, 2\); flatten it first"),
    "scalar": ((3.0, 1, 1), {}, r"update must have shape \(d,\), got \(\)"),
    "2**53 + 1": (([2**53 + 1], 1, 1), {}, r"update\[0\] = 9007199254740993 .*within \+-2\*\*53"),
    "wide uint": ((np.array([2**64 - 1], dtype=np.uint64), 1, 1), {}, r"within \+-2\*\*53"),
    "longdouble": ((np.ones(1, dtype=np.longdouble), 1, 1), {}, "must be float16, float32 or float64"),
    "zero cost": ((G, [1, 0, 1], 1), {}, r"cost\[1\] = 0.0 \(1 such\): costs must be > 0 joules"),
    "negative cost": ((G, [1, 2, -3], 1), {}, r"cost\[2\] = -3.0"),
    "nan cost": ((G, [1, 2, nan], 1), {}, r"cost\[2\] = nan"),
    "infinite cost": ((G, [1, inf, 1], 1), {}, r"cost\[1\] = inf"),
    "scalar cost 0": ((G, 0, 1), {}, "cost = 0: costs must be > 0 joules"),
    "scalar cost nan": ((G, nan, 1), {}, "cost must be a finite real number, got nan"),
    "no cost": ((G, None, 1), {}, "cost must be a real number, got NoneType"),
    "shape of cost": ((G, [1, 2], 1), {}, r"cost must have shape \(3,\) like the update, got \(2,\)"),
    "matrix of costs": ((G, [[1, 2, 3]], 1), {}, r"cost must have shape \(d,\), got \(1, 3\)"),
    "negative class cost": ((G, labelled([0, 1, 0], 1, "-1e400"), 1), {}, "class cost 1 = -1e400: costs must be > 0"),
    "class cost in words": ((G, labelled([0, 1, 0], 1, "dear"), 1), {}, "class cost 1 must be a finite real number"),
    "unknown class": ((G, labelled([0, 2, 1], 1, 2), 1), {}, r"labels must lie in 0..1, got 0..2"),
    "negative label": ((G, labelled([0, -1, 1], 1, 2), 1), {}, r"labels must lie in 0..1, got -1..1"),
    "float labels": ((G, labelled([0.0, 1.0, 1.0], 1, 2), 1), {}, "labels must be integers .*, got float64"),
    "too few labels": ((G, labelled([0, 1], 1, 2), 1), {}, r"of shape \(2,\)"),
    "no common unit": ((G, labelled([0, 1, 1], "0.1", "1e-40"), 1), {}, "give fewer digits"),
    "negative budget": ((G, 1, -1), {}, "budget = -1: must be >= 0"),
    "nan budget": ((G, 1, nan), {}, "budget must be a finite real number, got nan"),
    "infinite budget": ((G, 1, inf), {}, "budget must be a finite real number, got inf"),
    "budget in words": ((G, 1, "lots"), {}, "budget must be a finite real number, got 'lots'"),
    "boolean budget": ((G, 1, True), {}, "budget must be a real number, got bool"),
    "array budget": ((G, 1, np.array([1.0])), {}, "budget must be a real number, got ndarray"),
    "negative share": ((G, 1, "-10%"), {}, r"budget = -10%: must be a share in \(0, 1\]"),
    "nan share": ((G, 1, "nan%"), {}, "budget must be a finite real number"),
    "no budget": ((G, 1), {}, "give the budget, such as"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    args, options, says = REFUSED[name]
    with pytest.raises(InputError, match=says) as caught:
        Instance(*args, **options)
    assert "\n" not in str(caught.value)


def test_scores_are_refused_too():
    with pytest.raises(InputError, match=r"score\[1\] = -1.0 .*scores must be >= 0"):
        Instance.from_scores([1, -1], 1, 1)
    with pytest.raises(InputError, match=r"score\[0\] = nan"):
        Instance.from_scores([nan], 1, 1)
    with pytest.raises(InputError, match="budget must be >= 0"):
        Instance(G, 1, 1).with_budget(Fraction(-1))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int8", "int64", "uint32", ">f4"])
def test_every_real_dtype_is_squared_exactly(kind):
    g = np.array([0, 1, 3, 100], dtype=kind)
    assert Instance(g, 1, 1).score.tolist() == [0, 1, 9, 10_000]


def test_narrow_squares_are_exact():
    """24-bit significands square into 48 bits: float32 underflow and rounding do not reach the score."""
    g = np.array([1e-30, 1 + 2.0**-23, 3e38], dtype=np.float32)
    assert [Fraction(x) for x in Instance(g, 1, 1).score] == [Fraction(float(x)) ** 2 for x in g]


def test_extreme_updates_are_scaled_by_a_power_of_two():
    instance = Instance([1e200, 1e100], 1, 1)
    assert instance.scale_exponent > 0
    for g, p in zip((1e200, 1e100), instance.score, strict=True):
        assert p == math.ldexp(g, -instance.scale_exponent) ** 2
    assert Instance([1e-200, 3e-200], 1, 1).score[1] > 0
    assert Instance([1e100, 1e-100], 1, 1).scale_exponent == 0
    wide = Instance([1.0, 1e-155], 1, 1)  # 1e-310 would be a denormal: a square with few digits
    square = Fraction(wide.score[1]) * Fraction(4) ** wide.scale_exponent
    assert abs(square / Fraction(1e-155) ** 2 - 1) <= Fraction(2) ** -53


def test_decimal_costs_meet_a_decimal_budget_exactly():
    """As decimals 0.1 + 0.2 = 0.3; as the floats they print as, the sum is larger than the budget."""
    both = np.array([True, True])
    assert Instance([1, 1], labelled([0, 1], "0.1", "0.2"), "0.3").feasible(both)
    assert Instance([1, 1], labelled([0, 1], Decimal("0.1"), Fraction(1, 5)), Decimal("0.3")).feasible(both)
    assert not Instance([1, 1], [0.1, 0.2], 0.3).feasible(both)
    assert not Instance([1, 1], labelled([0, 1], "0.1", "0.2"), 0.3).feasible(both), "the float 0.3 is below 3/10"
    assert Instance([1, 1], [0.1, 0.2], 0.1 + 0.2).feasible(both), "fl(0.1 + 0.2) is above the exact sum"


def test_class_costs_are_counted_not_summed():
    """A million tenths: float64 accumulates 1e-6 of error, the count none."""
    d = 1_000_000
    everything = np.ones(d, dtype=bool)
    decimal = Instance(np.ones(d), "0.1", 100_000)
    assert decimal.spent(everything) * decimal.unit == 100_000
    assert decimal.feasible(everything)
    assert not decimal.with_budget(decimal.budget - Fraction(1, 10**30)).feasible(everything)
    assert np.cumsum(np.full(d, 0.1))[-1] != 100_000, "the hazard this guards against"


def test_per_coordinate_costs_are_summed_exactly():
    cost = [2.0**53, 1.0, 2.0**-1074]
    instance = Instance([1, 1, 1], cost, 2**53 + 1)
    assert not instance.feasible(np.array([True, True, True]))
    assert instance.feasible(np.array([True, True, False]))
    assert instance.total_cost == 2**53 + 1 + Fraction(1, 2**1074)


def test_a_share_is_the_decimal_it_prints():
    for share in (0.3, "0.3", Fraction(3, 10), Decimal("0.3"), np.float64(0.3), np.float32(0.3)):
        assert Instance(np.ones(10), 1, percent(share)).budget == 3
    assert Instance(np.ones(3), [0.1] * 3, "100%").budget == 3 * Fraction(0.1)
    assert Instance(np.ones(3), 2, 30).budget == 30, "more joules than everything takes are allowed"


def test_units_of_class_costs():
    """``budget * unit`` and ``cost * unit`` are joules, whatever common unit the decimals needed."""
    instance = Instance([1, 2, 3], labelled([0, 1, 1], "0.15", "0.0002"), "0.3")
    assert instance.budget * instance.unit == Fraction(3, 10)
    assert [Fraction(c) * instance.unit for c in instance.cost] == [
        Fraction(15, 100),
        Fraction(2, 10**4),
        Fraction(2, 10**4),
    ]
    assert Instance(G, 1, Fraction(10) ** 400).feasible(np.ones(3, bool))
    assert "e+400" in repr(Instance(G, 1, Fraction(10) ** 400))


def test_with_budget_leaves_the_rest_and_the_original_alone():
    one = Instance(G, [1, 2, 3], 1)
    two = one.with_budget(Fraction(5))
    assert (one.budget, two.budget) == (1, 5)
    assert two.score is one.score
    assert two.spent(np.ones(3, bool)) == 6


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, max_size=40))
def test_exact_sum(values):
    assert exact_sum(np.array(values, dtype=np.float64)) == sum(map(Fraction, values), Fraction(0))


def test_exact_sum_of_many():
    """More than one chunk, nearly all exponents, against integers."""
    rng = np.random.default_rng(0)
    values = np.ldexp(rng.integers(1, 2**53, 300_000).astype(float), rng.integers(-1100, 900, 300_000))
    unit = 2**1074
    whole = sum(n * (unit // d) for n, d in map(float.as_integer_ratio, values.tolist()))
    assert exact_sum(values) == Fraction(whole, unit)


@given(st.fractions(), FLOATS)
def test_floor_float_decides_comparisons(value, x):
    assert (x <= floor_float(value)) == (Fraction(x) <= value)


@pytest.mark.parametrize(
    "value", [Fraction(10) ** 400, -(Fraction(10) ** 400), Fraction(2) ** -1075, -(Fraction(2) ** -1075)]
)
def test_floor_float_beyond_float64(value):
    for x in (-1.7e308, -5e-324, -0.0, 5e-324, 1.7e308):
        assert (x <= floor_float(value)) == (Fraction(x) <= value)


def test_as_fraction():
    assert as_fraction(0.1) == Fraction(0.1) != Fraction(1, 10)
    assert as_fraction("0.1") == as_fraction(Decimal("0.1")) == Fraction(1, 10)
    assert as_fraction("1/3") == Fraction(1, 3)
    assert as_fraction(np.float32(0.1)) == Fraction(float(np.float32(0.1)))
    for bad in ("", "1/0", None, [], 1j, np.bool_(True), Decimal("NaN"), Decimal("-Infinity")):
        with pytest.raises(InputError, match="price must be a"):
            as_fraction(bad, "price")


def test_an_entry_however_small_beside_the_largest_is_no_zero():
    """Its square is no float64; it is selected last, counted exactly, and no certificate is made of it."""
    for pair in ([1, 1e-310], [1e200, 1e-200], [1e300, 5e-324]):
        instance = Instance(pair, 1, 2)
        assert (instance.score > 0).all()
        assert cwmp(instance).mask.tolist() == cwmp(np.array(pair), 1, 2).mask.tolist() == [True, True]
        assert cwmp(np.array(pair[::-1]), 1, 1).mask.tolist() == [False, True]
        exact = (Fraction(pair[0]) ** 2 + Fraction(pair[1]) ** 2) / Fraction(4) ** instance.scale_exponent
        assert cwmp(instance).retained == exact
        with pytest.raises(InputError, match=r"update\[1\] = .* too small beside the largest entry for exact squares"):
            certify(instance)


# --- on either side of every limit -----------------------------------------------------------------


def test_when_an_update_is_scaled():
    """Entries from 2^-481 up to 2^480 square to normal floats as they are; others are scaled, the largest to 2^480."""
    near = math.nextafter
    for g, exponent in (
        ([near(2.0**480, 0), 2.0**-481], 0),
        ([2.0**480], 1),
        ([2.0**500, 1.0], 21),
        ([1.0, near(2.0**-481, 0)], 1 - 480),
        ([2.0**-600, 0.0], -599 - 480),
        ([0.0, 0.0], 0),
        ([], 0),
    ):
        instance = Instance(np.array(g), 1, 1)
        assert instance.scale_exponent == exponent
        assert instance.score.tolist() == [math.ldexp(x, -exponent) ** 2 for x in g]
        every = np.ones(len(g), bool)
        assert instance.retained(every) == sum(Fraction(x) ** 2 for x in g) / Fraction(4) ** exponent
        assert [instance.exact_score(i) for i in range(len(g))] == [
            Fraction(x) ** 2 / Fraction(4) ** exponent for x in g
        ]
    narrow = Instance(np.array([3e38, 1e-44], np.float32), 1, 1)
    assert (narrow.scale_exponent, narrow.score[1] > 0) == (0, True)
    scores = Instance.from_scores([0.25, 0.0, 3.0], 1, 1)
    assert (scores.scale_exponent, scores.exact_score(0), scores.retained(np.ones(3, bool))) == (
        0,
        Fraction(1, 4),
        Fraction(13, 4),
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_squares_that_are_lost_beside_the_largest(sign):
    """Scaled by 2^-21, what is below 2^-459 has a square below 2^-960: refused, where the square is needed."""
    least = math.ldexp(1.0, 21 - 480)
    for small, lost in ((least, False), (math.nextafter(least, 0), True), (0.0, False), (5e-324, True)):
        instance = Instance([2.0**500, sign * small], 1, 1)
        assert instance.score[1] == max(float(Fraction(small) ** 2 / Fraction(4) ** 21), 5e-324 * (small > 0))
        assert (
            instance.scores_of(slice(1, 2)).tolist()
            == instance.scores_of(np.array([1])).tolist()
            == [instance.score[1]]
        )
        if lost:
            with pytest.raises(InputError, match=r"update\[1\] = .* too small beside the largest"):
                instance.refuse_lost_squares()
        else:
            instance.refuse_lost_squares()
    Instance([1.0, 2.0**-481], 1, 1).refuse_lost_squares()  # not scaled: 2^-962 is exact
    Instance.from_scores([1.0, 1e-300], 1, 1).refuse_lost_squares()


def test_costs_up_to_a_limit():
    for cost in (10**300, Fraction(1, 10**300), "1e300", 5e-324):
        assert Instance(G, cost, 1).unit * Fraction(Instance(G, cost, 1).cost[0]) == Fraction(cost)
    for cost in (10**300 + 1, "1.0000001e300"):
        with pytest.raises(InputError, match=r"cost is above 1e\+300"):
            Instance(G, cost, 1)
    with pytest.raises(InputError, match=r"class cost 1 is above 1e\+300"):
        Instance(G, labelled([0, 1, 0], 1, 10**301), 1)
    with pytest.raises(InputError, match=r"class cost 1 = 0: costs must be > 0"):
        Instance(G, labelled([0, 1, 0], 1, 0), 1)


def test_decimals_have_a_common_unit_down_to_a_limit():
    """2^53 units are floats, each of them; 2^53 + 1 are none."""
    tenth = Fraction(1, 10)
    instance = Instance([1, 1], labelled([0, 1], tenth, 2**53 * tenth), 1)
    assert (instance.unit, instance.cost.tolist()) == (tenth, [1, 2**53])
    with pytest.raises(InputError, match="give fewer digits"):
        Instance([1, 1], labelled([0, 1], tenth, (2**53 + 1) * tenth), 1)
    whole = Instance([1, 1], labelled([0, 1], 0.1, 3), 1)
    assert (whole.unit, whole.cost.tolist()) == (1, [0.1, 3.0])
    assert Instance([1, 1], labelled([0, 1], "0.2", "0.6"), 1).cost.tolist() == [1, 3]


@pytest.mark.parametrize("values", ["12", {"a": 1}, 3, iter([1.0, 2.0])])
def test_costs_of_classes_are_a_list(values):
    with pytest.raises(InputError, match="the values of cost classes must be a list of joules, one a class, got"):
        Instance([1, 1], CostClasses(np.array([0, 1]), values), 1)


@pytest.mark.parametrize(
    ("cost", "each", "total"),
    [
        (2.5, [2.5] * 3, 7.5),
        ([4, 1, 2], [4, 1, 2], 7),
        (np.array([0.5, 2, 0.25], np.float16), [0.5, 2, 0.25], 2.75),
        (np.array([0.5, 2, 1e-30], np.float32), [0.5, 2, float(np.float32(1e-30))], None),
        (np.array([7.0]).repeat(3), [7.0] * 3, 21),
        (labelled([0, 1, 1], 3, 5), [3, 5, 5], 13),
        (labelled([True, False, True], 3, 5), [5, 3, 5], 13),
        (CostClasses(np.broadcast_to(np.int8(1), (3,)), [3, 5]), [5, 5, 5], 15),
        (CostClasses(np.array([0, 9, 1, 9, 1])[::2], [3, 5]), [3, 5, 5], 13),
    ],
)
def test_what_costs_come_to(cost, each, total):
    """One by one, in part and in all; whichever is asked for first, and as a share."""
    total = sum(map(Fraction, each)) if total is None else total
    mask = np.array([True, False, True])
    for instance in (Instance(G, cost, 1), Instance(G, cost, "50%"), Instance.from_scores([9, 1, 4], cost, "50%")):
        assert [instance.exact_cost(i) for i in range(3)] == each
        assert instance.costs_of(slice(1, 3)).tolist() == instance.costs_of(np.array([1, 2])).tolist() == each[1:]
        assert instance.costs_of(slice(None)).dtype == np.float64
        assert instance.spent(mask) == Fraction(each[0]) + Fraction(each[2])
        assert instance.spent(np.zeros(3, bool)) == 0
        assert instance.total_cost == instance.spent(np.ones(3, bool)) == total
        assert instance.cost.tolist() == each
        assert instance.cost.dtype == np.float64
        assert instance.feasible(mask) == (instance.spent(mask) <= instance.budget)
        assert instance.with_budget(Fraction(0)).budget == 0
        assert instance.with_budget(Fraction(1, 3)).total_cost == total
    assert Instance(G, cost, "50%").budget == Fraction(total) / 2
    given = Instance(G, cost, 1).given_cost
    assert given is (cost if isinstance(cost, np.ndarray) else None) or (
        given.tolist() == each and isinstance(cost, list)
    )


@pytest.mark.parametrize("budget", [1, "50%"])
def test_bad_costs_are_found_whether_or_not_they_are_summed(budget):
    for cost, says in (
        ([1, 0, 1], r"cost\[1\] = 0.0 \(1 such\): costs must be > 0 joules"),
        (np.array([1.0, 2.0, -0.5]), r"cost\[2\] = -0.5"),
        (np.array([np.nan, 2.0, np.inf]), r"cost\[0\] = nan \(2 such\): every entry must be finite"),
        ([1.0, 2.0], r"cost must have shape \(3,\) like the update, got \(2,\)"),
        (np.ones(4), r"cost must have shape \(3,\) like the update, got \(4,\)"),
        (np.ones((3, 1)), r"cost must have shape \(d,\), got \(3, 1\); flatten it first"),
        (np.ones(3, np.longdouble), "cost must be float16, float32 or float64"),
        ([], r"cost must have shape \(3,\) like the update, got \(0,\)"),
        (labelled([0, 2, 1], 1, 2), r"labels must lie in 0..1, got 0..2"),
        (labelled([0, -1, 1], 1, 2), r"labels must lie in 0..1, got -1..1"),
        (CostClasses(np.broadcast_to(np.int8(2), (3,)), [1, 2]), r"labels must lie in 0..1, got 2..2"),
        (labelled([0, 1], 1, 2), r"labels must be integers of shape \(3,\), got int64 of shape \(2,\)"),
        (labelled([0, 1, 1, 1], 1, 2), r"labels must be integers of shape \(3,\), got int64 of shape \(4,\)"),
        (labelled([0.0, 1.0, 1.0], 1, 2), r"labels must be integers of shape \(3,\), got float64 of shape \(3,\)"),
    ):
        with pytest.raises(InputError, match=says):
            Instance(G, cost, budget)


def test_nothing_at_all():
    for instance in (
        Instance([], 2, 3),
        Instance(np.zeros(0), [], 3),
        Instance([], CostClasses(np.zeros(0, int), [1]), 3),
    ):
        nothing = np.zeros(0, bool)
        assert (instance.d, instance.total_cost, instance.spent(nothing), instance.retained(nothing)) == (0, 0, 0, 0)
        assert instance.score.size == instance.cost.size == 0


def test_what_an_instance_is_called():
    assert repr(Instance(G, [1, 2, 3], 1.5)) == "Instance(d=3, per-coordinate costs, budget=1.5 J)"
    assert repr(Instance(G, labelled([0, 1, 1], "0.1", "0.25"), "0.3")) == "Instance(d=3, 2-class costs, budget=0.3 J)"
    assert repr(Instance(G, "0.1", "0.3")) == "Instance(d=3, 1-class costs, budget=0.3 J)"


def test_an_array_is_one_cost_only_without_dimensions():
    assert Instance(G, np.array(2.0), 1).labels is not None
    assert Instance(G, np.float32(2.0), 1).cost.tolist() == [2, 2, 2]
    for none in ({"a": 1}, (1, 2)):
        with pytest.raises(InputError):
            Instance(G, none, 1)


def test_where_an_update_came_from():
    torch = pytest.importorskip("torch")
    for make in (Instance, Instance.from_scores):
        assert make(torch.ones(2), 1, 1).device == torch.device("cpu")
        assert make(np.ones(2), 1, 1).device is None
    whole = Instance(torch.tensor([3.0, 1.0]), 1, 1)
    assert (whole.of_arrays().device, whole.device) == (None, torch.device("cpu"))
    assert whole.of_arrays().update is whole.update
    assert whole.with_budget(Fraction(2)).device == whole.device


def test_two_cost_classes_are_two_whatever_they_hold():
    """They hold arrays, which are neither equal nor different."""
    assert len({labelled([0], 1), labelled([0], 1)}) == 2
