"""Every parser refuses by EmrtdError alone, whatever it is given."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, run, seeds

every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_good_inputs_are_read(name):
    """A seed that is refused at once would lead nowhere."""
    for number, seed in enumerate(seeds()[name]):
        if (name, number) != ("sod", 1):  # of another state: parsed, not believed
            TARGETS[name](seed)


@every_target
@settings(max_examples=25)
@given(data=st.binary(max_size=400))
def test_anything_is_refused_properly(name, data):
    """Bytes without any meaning."""
    run(name, data)


@st.composite
def altered(draw, name):
    """Return a good input with a few bytes changed, cut out or put in."""
    data = bytearray(draw(st.sampled_from(seeds()[name])))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["set", "cut", "put"])):
            case "set" if place < len(data):
                data[place] = draw(st.integers(0, 255))
            case "cut":
                del data[place : place + draw(st.integers(1, 40))]
            case _:
                data[place:place] = draw(st.binary(max_size=8))
    return bytes(data)


@every_target
@settings(max_examples=40)
@given(data=st.data())
def test_almost_good_input_is_refused_properly(name, data):
    """Good inputs with small changes reach the deepest code."""
    run(name, data.draw(altered(name)))
