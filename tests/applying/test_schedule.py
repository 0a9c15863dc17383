"""Which of many things may start: compared with a model that looks at everything each time."""

from hypothesis import given
from hypothesis import strategies as st

from mailstate.applying.schedule import Schedule
from mailstate.model.resources import Key

KEYS = [Key(letter) for letter in "abcdefgh"]


@st.composite
def graphs(draw):
    """Needs without loops, in any order, some of them of what is not there."""
    needs = {}
    for index, key in enumerate(KEYS[: draw(st.integers(0, len(KEYS)))]):
        needs[key] = draw(st.lists(st.sampled_from([*KEYS[:index], Key("elsewhere")]), max_size=4))
    return dict(draw(st.permutations(list(needs.items()))))


class Model:
    """The same, naively."""

    def __init__(self, needs):
        self.needs = needs
        self.started = []
        self.fate = {}

    def ready(self):
        """Give what may start, in the order of the mapping."""
        return [
            key
            for key, wanted in self.needs.items()
            if key not in self.started
            and key not in self.fate
            and all(self.fate.get(one) for one in wanted if one in self.needs)
        ]

    def fail(self, key):
        """Let *key* fail; give what falls with it."""
        fallen = {key}
        while more := {
            one for one, wanted in self.needs.items() if fallen & set(wanted) and one not in fallen
        }:
            fallen |= more
        self.fate |= dict.fromkeys(fallen, False)
        return [one for one in self.needs if one in fallen - {key}]


@given(graphs(), st.data())
def test_it_does_what_a_naive_scheduler_does(needs, data):
    """
    First come first among what is ready; each key once; what falls, falls once.
    """
    schedule, model = Schedule(needs), Model(needs)
    under_way: list[Key] = []
    fallen: list[Key] = []
    while True:
        ready = model.ready()
        if ready and (not under_way or data.draw(st.booleans())):
            key = schedule.pop_ready()
            assert key is not None
            assert ready[0] == key
            model.started.append(key)
            under_way.append(key)
        elif under_way:
            key = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            if data.draw(st.booleans()):
                schedule.succeed(key)
                model.fate[key] = True
            else:
                expected = [one for one in model.fail(key) if one not in fallen]
                assert expected == schedule.fail(key)
                fallen += expected
        elif not ready:
            break

    assert schedule.pop_ready() is None
    assert sorted(needs) == sorted([*model.started, *fallen])


def test_nothing_is_ready_twice():
    """
    It is handed out once.
    """
    schedule = Schedule({Key("a"): ()})

    assert "a" == schedule.pop_ready()
    assert schedule.pop_ready() is None


def test_what_has_fallen_is_not_raised_by_its_other_needs():
    """
    One failed, the other comes too late.
    """
    schedule = Schedule({Key("a"): (), Key("b"): (), Key("c"): (Key("a"), Key("b"))})

    assert ["c"] == schedule.fail(Key("a"))
    assert [] == schedule.fail(Key("a"))
    schedule.succeed(Key("b"))
    assert ["a", "b", None] == [schedule.pop_ready() for _ in range(3)]
