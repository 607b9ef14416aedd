import pytest

from antechamber.grounding.support import Context, Support, support
from antechamber.grounding.words import words_of


def found(source: str, said: str, *, before: str = "", title: str = "") -> Support | None:
    context = Context(lambda: words_of(before), words_of(title))
    return support(words_of(said), words_of(source), context)


SAME = [
    ("It cost 3 million.", "It cost three million.", "a number as a word"),
    ("The yield was 62 % in May.", "The yield was 62 percent in May.", "a sign as a word"),
    ("The tank holds 1,800 litres.", "The tank holds 1800 litres.", "digits in groups"),
    ("The founda-\ntion was laid in May.", "The foundation was laid in May.", "a parted word"),
    ("Alice founded Acme in 1999.", "In 1999, Alice founded Acme.", "a phrase at the front"),
    ("Acme acquired Beta in 2020.", "Beta was acquired by Acme in 2020.", "the other voice"),
    ("Paris is the capital of France.", "The capital of France is Paris.", "what is equated"),
    ("Acme makes pumps.", "Acme makes pumps.", "few words, all of them"),
    ("Acme's pumps don't leak at all.", "Acme pumps do not leak at all.", "apostrophes"),
    (
        "Alice Smith, born in Bern in 1960, founded Acme in 1999.",
        "Alice Smith founded Acme in 1999.",
        "what stands between commas",
    ),
    (
        "Revenue was 12 million in 2020 and 15 million in 2021.",
        "In 2021 revenue was 15 million.",
        "one of two statements",
    ),
    (
        "The vaccine protects against measles but not against mumps.",
        "The vaccine does not protect against mumps.",
        "a negation that is said of one part",
    ),
]
DIFFERENT = [
    ("Alice founded Acme in 1999.", "Alice founded Acme in 1989.", "another number"),
    ("Alice founded Acme in 1999.", "Carol founded Acme in 1999.", "another name"),
    ("It shrank to \u221220 degrees in May.", "It shrank to 20 degrees in May.", "a sign"),
    ("Shares cost 12.5 euros then.", "Shares cost 125 euros then.", "a point"),
    ("Release 8.2.1 was rolled back.", "Release 8.1.2 was rolled back.", "a version"),
    ("Martin Ammann led the group.", "Martina Ammann led the group.", "a name that begins alike"),
    ("The pumps leak oil.", "The pumps do not leak oil.", "a negation more"),
    ("The pumps don't leak oil.", "The pumps leak oil.", "a negation less"),
    ("Dogs are not allowed without a leash.", "Dogs are allowed without a leash.", "one of two"),
    ("The pumps may leak oil.", "The pumps leak oil.", "a doubt left out"),
    ("Acme tried to sell the mill.", "Acme sold the mill.", "an attempt"),
    ("The price rose by 12 % in May.", "The price fell by 12 % in May.", "the opposite"),
    (
        "The red lamp blinks when it rains.",
        "The green lamp blinks when it rains.",
        "a replaced word",
    ),
    ("Acme acquired Beta in 2020.", "Beta acquired Acme in 2020.", "exchanged roles"),
    ("Acme acquired Beta in 2020.", "Acme was acquired by Beta in 2020.", "the voice alone"),
    ("The dog bit the man today.", "The man bit the dog today.", "exchanged roles, no names"),
    (
        "The landlord returns the deposit to the tenant within 30 days of the end.",
        "The tenant returns the deposit to the landlord within 30 days of the end.",
        "exchanged roles in a long sentence",
    ),
    ("Sample B lost more than sample A.", "Sample A lost more than sample B.", "letters as names"),
    (
        "Alice founded Acme in 1999, Bob founded Beta in 2005.",
        "Alice founded Beta in 2005.",
        "two statements mixed",
    ),
    (
        "Revenue was 12 million in 2020 and 15 million in 2021.",
        "In 2021 revenue was 12 million.",
        "two numbers mixed",
    ),
    (
        "The yield was 62 % with the catalyst and 17 % without it.",
        "The yield was 17 % with the catalyst and 62 % without it.",
        "two conditions mixed",
    ),
    (
        "The vaccine protects against measles but not against mumps.",
        "The vaccine protects against mumps but not against measles.",
        "a negation that is moved",
    ),
    ("The mill was built in 1910.", "The old stone mill near Bern was built in 1910.", "more"),
    ("Acme makes pumps and valves.", "Acme makes good pumps.", "too few words"),
    ("The mill was sold.", "The mill.", "a fragment"),
]


@pytest.mark.parametrize(("source", "said"), [each[:2] for each in SAME], ids=[c[2] for c in SAME])
def test_what_says_the_same_is_supported(source: str, said: str) -> None:
    assert found(source, said) is not None


@pytest.mark.parametrize(
    ("source", "said"), [each[:2] for each in DIFFERENT], ids=[c[2] for c in DIFFERENT]
)
def test_what_may_say_something_else_is_not(source: str, said: str) -> None:
    assert found(source, said) is None


def test_a_pronoun_stands_for_what_the_sentence_before_is_about() -> None:
    support = found(
        "It was completed in 1889.",
        "The Eiffel Tower was completed in 1889.",
        before="The Eiffel Tower stands in Paris.",
    )

    assert support is not None
    assert support.needs_before


@pytest.mark.parametrize("source", ["Bob joined in 2005.", "In 2005 the bridge was completed."])
def test_a_sentence_with_a_subject_takes_none_from_the_one_before(source: str) -> None:
    before = "Alice built the Eiffel Tower."

    assert found(source, "Alice joined in 2005.", before=before) is None
    assert found(source, "The tower was completed in 2005.", before=before) is None


def test_the_title_says_whose_numbers_they_are() -> None:
    source, said = "Revenue rose to 452 million.", "The revenue of Acme rose to 452 million."

    assert found(source, said) is None
    assert found(source, said, title="Annual report of Acme") is not None


def test_the_better_support_has_less_added_and_less_left_out() -> None:
    said = "The mill was built in 1910."

    exact = found("The mill was built in 1910.", said)
    longer = found("The mill was built in 1910 by a brother of the miller.", said)
    added = found("The mill was built in 1910.", "The big mill was built in 1910 of stone.")

    assert exact is not None
    assert longer is not None
    assert exact < longer
    assert added is None
