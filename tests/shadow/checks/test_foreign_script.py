# ruff: noqa: RUF001 - letters of other scripts are what this is about
import pytest

from shadow.checks.foreign_script import SCRIPTS, foreign_script
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


def found(text, asked="Tell me of the valley."):
    return foreign_script(ask(messages=({"role": "user", "content": asked},), tools=()), completion(choice(text)))


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_found_where_it_is_foreign(name):
    letters = SCRIPTS[name][0] * 3
    result = found(f"It rained {letters} all day.")
    assert (result.state, result.subject) == (FindingState.DIFFER, f"{name}: {letters}")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ('He said "please write привет today" and left.', FindingState.MATCH),
        ('He said "yes" and привет left.', FindingState.DIFFER),
        ('He said "yes" and "please write привет today" twice.', FindingState.MATCH),
        ('"Please write привет today", he said.', FindingState.MATCH),
        ("He left (to write привет today) at noon.", FindingState.MATCH),
        ("He left (to write (at noon) привет today).", FindingState.MATCH),
        ("He left (to write (at noon)) and привет came.", FindingState.DIFFER),
        ("He left (to (write (at) noon)) and привет came.", FindingState.DIFFER),
        ("Er sagte „so „ja“ nun“ und привет kam.", FindingState.DIFFER),
        ("Er sagte „so „ja“ nun und привет kam.", FindingState.MATCH),
        ("He left (at noon) and привет came.", FindingState.DIFFER),
        ("He left (at noon\nand привет came).", FindingState.DIFFER),
    ],
)
def test_letters_amid_a_quotation_or_bracket_of_their_line_match_and_behind_its_end_differ(text, state):
    assert found(text).state is state


@pytest.mark.parametrize("text", ["It rаined all day.", "It rained的 all day.", "Es регнет, sagte sie.", "It rained\n\nи все"])
def test_single_letters_and_whole_lines_within_prose_are_found(text):
    assert (found(text).state is FindingState.DIFFER) == (not text.endswith("все"))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Plain English, naïve café.", "Tell me."),
        ("The mean μ and the σ of it.", "Tell me."),
        ("Tokyo (東京) is large.", "Tell me."),
        ("He said “привет” and left.", "Tell me."),
        ('He said "как дела" and left.', "Tell me."),
        ("Use `привет` or\n```\nпривет\n```\nthere.", "Tell me."),
        ("Write 你好 there.", "How does one greet in Chinese?"),
        ("Write สวัสดี there.", "Translate it."),
        ("他说 ありがとう 了", "他说了什么"),
        ("価格は上がりました", "東京都人口"),
        ("안녕 하세요", "뭐라고 했어요"),
    ],
)
def test_quoted_requested_or_related_script_is_not_foreign(text, asked):
    assert found(text, asked).state is FindingState.MATCH


def test_an_answer_without_text_is_not_measured():
    assert found(" ").state is FindingState.NOT_MEASURED


@pytest.mark.parametrize(("before", "state"), [(99_980, FindingState.DIFFER), (100_000, FindingState.MATCH)])
def test_letters_within_the_first_hundred_thousand_characters_are_found(before, state):
    assert found("rain " * (before // 5) + "привет came.").state is state


@pytest.mark.parametrize(("inside", "state"), [(240, FindingState.MATCH), (241, FindingState.DIFFER)])
def test_a_quotation_must_begin_within_240_characters_before_the_letters(inside, state):
    assert found('He said "' + "a" * (inside - 2) + ' привет came" and left.').state is state


@pytest.mark.parametrize(("quoted", "state"), [(299, FindingState.DIFFER), (300, FindingState.MATCH)])
def test_letters_within_the_first_three_hundred_stretches_are_found(quoted, state):
    assert found("(привет) " * quoted + "rain привет came.").state is state


def test_foreign_letters_are_named_with_their_place_and_the_run():
    result = found("It rained привет мир all day.")
    reason = "Cyrillic letters stand at character 10 and nowhere in the request: 'привет мир'"
    assert parts(result) == ("foreign_script", "differ", 0.0, "Cyrillic: привет мир", "", reason)
    assert parts(found("It rained."))[:3] == ("foreign_script", "match", 1.0)
    assert found("").reason == "the answer has no text"


def test_of_two_foreign_scripts_one_that_is_quoted_leaves_the_other():
    assert found("He said “привет” and then สวัสดี came.").subject == "Thai: สวัสดี"
    assert found("He wrote สวัสดี and привет came.", "What is Thai?").subject == "Cyrillic: привет"


def test_second_run_of_a_script_counts_where_the_first_is_set_apart():
    assert found("Write (привет) and then пока came.").subject == "Cyrillic: пока"


@pytest.mark.parametrize(("length", "shown"), [(60, "а" * 60), (61, "а" * 59 + "…")])
def test_run_of_foreign_letters_is_shown_by_sixty_characters(length, shown):
    assert found(f"It rained {'а' * length} all day.").subject == f"Cyrillic: {shown}"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("The word: привет, he said.", FindingState.MATCH),
        ("The word: привет he said.", FindingState.DIFFER),
        ("The word привет, he said.", FindingState.DIFFER),
        ("*привет*", FindingState.MATCH),
        ("It is\nпривет\nthere.", FindingState.MATCH),
        ("It is\nпривет there.", FindingState.DIFFER),
        ("It is привет", FindingState.DIFFER),
        ("привет it is.", FindingState.DIFFER),
        ("привет", FindingState.MATCH),
        ("It is ( привет ) there.", FindingState.MATCH),
        ("It is (  привет) there.", FindingState.MATCH),
        ("It is * привет* there.", FindingState.MATCH),
        ("It is *  привет* there.", FindingState.DIFFER),
    ],
)
def test_letters_between_marks_or_on_a_line_of_their_own_are_set_apart(text, state):
    assert found(text).state is state


@pytest.mark.parametrize(
    ("text", "asked", "state"),
    [
        ("It rained 東京 all day.", "Tell me of Hong Kong.", FindingState.MATCH),
        ("It rained 東京 all day.", "안녕", FindingState.MATCH),
        ("It rained ひらがな all day.", "東京", FindingState.MATCH),
        ("It rained สวัสดี all day.", "東京", FindingState.DIFFER),
        ("It rained 안녕 all day.", "ひらがな", FindingState.DIFFER),
        ("It rained ქართული all day.", "What is GEORGIAN?", FindingState.MATCH),
        ("It rained ქართული all day.", "Tell me of Russia.", FindingState.DIFFER),
    ],
)
def test_request_leads_to_a_script_by_its_name_a_stem_or_a_script_written_with_it(text, asked, state):
    assert found(text, asked).state is state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("It rained) привет) there.", FindingState.DIFFER),
        ("It rained *привет( there.", FindingState.DIFFER),
        ("It rained *привет) there.", FindingState.MATCH),
        ("It rained » привет « there.", FindingState.DIFFER),
        ("It rained *привет» there.", FindingState.MATCH),
        ("He said (at noon) and (then) привет came.", FindingState.DIFFER),
        ("He said [at noon] and {then} привет came.", FindingState.DIFFER),
        ("He said „at noon“ and «then» привет came.", FindingState.DIFFER),
        ("He said (at noon] and привет came.", FindingState.MATCH),
    ],
)
def test_mark_opens_on_the_left_closes_on_the_right_and_ends_its_own_bracket(text, state):
    assert found(text).state is state


@pytest.mark.parametrize(("length", "quoted"), [(58, "'" + "а" * 58 + "'"), (59, "'" + "а" * 58 + "…")])
def test_reason_quotes_sixty_characters_of_the_foreign_letters(length, quoted):
    assert found(f"It rained {'а' * length} all day.").reason.endswith(f"nowhere in the request: {quoted}")


def test_reason_of_a_long_answer_states_how_far_it_was_read():
    result = found("It rained привет all day." + " rain" * 20_000)
    assert "at character 10 (of the first 100,000 characters; the rest was not read) and nowhere" in result.reason
