import pytest

from shadow.studies.study_policy import StudyPolicy, policy_faults


def test_the_default_policy_has_no_allowed_drop_and_no_fault():
    assert StudyPolicy().allowed_drop is None
    assert policy_faults(StudyPolicy()) == ()


@pytest.mark.parametrize(
    ("policy", "faulty"),
    [
        (StudyPolicy(allowed_drop=0.0), 0),
        (StudyPolicy(allowed_drop=0.999), 0),
        (StudyPolicy(allowed_drop=1.0), 1),
        (StudyPolicy(allowed_drop=-0.001), 1),
        (StudyPolicy(alpha=0.5), 0),
        (StudyPolicy(alpha=0.501), 1),
        (StudyPolicy(alpha=0.0), 1),
        (StudyPolicy(fewest_runs=2), 0),
        (StudyPolicy(fewest_runs=1), 1),
        (StudyPolicy(allowed_drop=20.0, alpha=5.0, fewest_runs=0), 3),
    ],
)
def test_each_value_that_cannot_be_used_is_one_sentence_that_quotes_it(policy: StudyPolicy, faulty: int):
    assert len(policy_faults(policy)) == faulty
    assert all("got" in sentence for sentence in policy_faults(policy))
