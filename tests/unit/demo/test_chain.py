"""Which answers are right, given who serves."""

from demo.chain import NEW, OLD, chain, expected, valid


def test_chain_is_what_the_front_service_answers() -> None:
    said = "service1(oldcluster) --> service2(newcluster) --> service3(oldcluster)"
    assert chain(OLD, NEW, OLD) == said


def test_one_answer_is_right_while_each_service_is_in_one_cluster() -> None:
    serving = ((OLD,), (NEW,), (OLD,))
    assert valid(serving) == {chain(OLD, NEW, OLD)}
    assert expected(serving) == chain(OLD, NEW, OLD)


def test_two_answers_are_right_while_old_and_new_serve_together_and_the_first_is_expected() -> None:
    serving = ((OLD,), (NEW, OLD), (OLD,))
    assert valid(serving) == {chain(OLD, NEW, OLD), chain(OLD, OLD, OLD)}
    assert expected(serving) == chain(OLD, NEW, OLD)
