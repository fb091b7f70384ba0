"""The pages of the report that is made by hand."""

HEAD = """\
sameweights  from 2023-11-14 22:13:20 to 2023-11-15 22:13:20 UTC
  1,416 requests, 7 failed, 1 copy to candidates, 351 compared with a reference of 401 sent to one
  rows are sampled: 90 of 900
  not compared: garbler: it is too small in 40 of 200 pairs; raise it
  not compared: garbler: it refused in 30 of 200 pairs; lower the sample

  !  the reference official (m) is failing: fails in 9 of 300

  ✗  garbler   differs more than the reference from itself
               tool arguments 34 points
               note: its identity changed
  ?  newcomer  undecided: too few pairs
               wait
  ✓  faithful  no difference seen
               6 points would have shown
  …  loner     waiting: no pair yet

  1 different, 1 undecided, 1 without a difference seen, 1 waiting for a pair

"""
PAGE = (
    HEAD
    + """\
signals  noise: the reference against itself; excess: in points [95 %], with the pairs in which the provider/reference is
the odd one; detectable: smallest excess these pairs would have revealed
  signal                          differs        noise       excess, odd pairs       p  detectable
  ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  garbler
  tools chosen                40 % of 150            -  -40 [-45 to -35]  1/50   0.032          20  differs
  tool arguments              40 % of 150  4.0 % of 50    +34 [29 to 39]  52/1  <0.001         6.1  differs
  text                        40 % of 150  4.0 % of 50     +90 [85 to 95]  9/0       -           -  no difference seen
  2 more: too few pairs
  1 more: no difference seen

checks  answers that contradict themselves or their request; no reference needed
  provider
  ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  garbler    lost spaces: 40 of 90 conversations where the reference had none, 1 the other way; more often than its
             reference (all traffic: 42 % of 100 answers)
  garbler    seed: 9 of 90 conversations in which the reference had fewer, 1 the other way (all traffic: 50 % of 100
             answers)
  garbler    usage missing or wrong: seen in 42 % of 100 answers; too few compared conversations to decide whether the
             reference does it too (4 of 90 differ between the two)

server identity  hash of what responses reveal about the backend, with dated changes
  provider   model  identity  since (UTC)  changes  largest prompt
  ───────────────────────────────────────────────────────────────────────────────────────────────
  garbler    m             -  -                  -               -  not measured until 20 answers
  newcomer   n             -  -                  -               -  not measured until 20 answers
  faithful   m             -  -                  -               -  not measured until 20 answers
  loner      m             -  -                  -               -  not measured until 20 answers

not compared  signals that could not be judged, and why
  provider             pairs
  ──────────────────────────────────────────────────────────────────────────────
  every provider         all  not measured: seed
  garbler          30 of 200  not comparable: it refused in 30; lower the sample
  garbler          40 of 200  not comparable: it is too small in 40; raise it
  garbler           9 of 200  reason: why 9
  garbler           5 of 200  reason: why 5
  garbler           3 of 200  reason: why 3
  garbler         150 of 200  not measured: logprobs ignored
  faithful          3 of 200  not comparable: text, length"""
)
BRIEF = (
    HEAD
    + """\
checks  answers that contradict themselves or their request; no reference needed
  provider
  ─────────────────────────────────────────────────────────────────────────────────────────────────
  garbler    lost spaces: 40 of 90 conversations where the reference had none, 1 the other way;
             more often than its reference (all traffic: 42 % of 100 answers)
  garbler    seed: 9 of 90 conversations in which the reference had fewer, 1 the other way (all
             traffic: 50 % of 100 answers)
  garbler    usage missing or wrong: seen in 42 % of 100 answers; too few compared conversations to
             decide whether the reference does it too (4 of 90 differ between the two)"""
)
MARKDOWN = """\
## sameweights: 2023-11-14 22:13:20 to 2023-11-15 22:13:20 UTC

> **the reference official (m) is failing: fails in 9 of 300**

> rows are sampled: 90 of 900

| | provider | model | verdict | finding | since (UTC) | pairs |
|---|---|---|---|---|---|---:|
| ✗ | garbler | m | **differs** | sends different tool arguments 34 points more often, and 1 more signal | 2023-11-14 \
23:13:20 | 150 |
| ? | newcomer | n | **undecided** | too few pairs |  | 1 |
| ✓ | faithful | m | **no difference seen** | 6 points or more in kind of answer would have shown |  | 200 |
| … | loner | m | **waiting for the first pair** | no pair yet |  | 0 |

Not measured:

- 208 of 616 requests have no pair
- 7 requests have no reference (loner)
- 40 of 200 pairs of garbler (official): it is too small in 40; raise it
- 30 of 200 pairs of garbler (garbler): it refused in 30; lower the sample

### garbler

differs more than the reference from itself: tool arguments 34 points.

its identity changed.

| signal | differs | noise | excess, points [95 %] | pairs | outcome |
|---|---:|---:|---:|---:|---|
| text | 40 % | 4.0 % | +90 [85 to 95] | 150 | no difference seen |
| tool arguments | 40 % | 4.0 % | +34 [29 to 39] | 150 | differs |
| tools chosen | 40 % | - | -40 [-45 to -35] | 150 | differs |
| length | 40 % | 4.0 % | - | 150 | too few pairs |
| refuses or not | 40 % | 4.0 % | - | 150 | too few pairs |
| finish reason | 40 % | 4.0 % | +0 [-5 to 5] | 150 | no difference seen |

| check | faulty | of answers | reference |
|---|---:|---:|---:|
| usage missing or wrong | 42 % | 100 | 0 % |
| lost spaces | 42 % | 100 | 0 % |
| seed | 50 % | 100 | 0 % |

### newcomer

undecided: too few pairs; wait.

### faithful

no difference seen; 6 points would have shown.

### loner

waiting: no pair yet.
"""
JUNIT = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sameweights">
  <testsuite name="sameweights report" tests="4" failures="1" errors="1" skipped="1" time="86400.000" \
timestamp="2023-11-15T22:13:20">
    <testcase name="m differs from official by no more than noise" classname="garbler" time="0">
      <failure message="differs more than the reference from itself: tool arguments 34 points" type="differs" />
    </testcase>
    <testcase name="n differs from official by no more than noise" classname="newcomer" time="0">
      <skipped message="undecided: too few pairs; wait" type="undecided" />
    </testcase>
    <testcase name="m differs from official by no more than noise" classname="faithful" time="0">
      <system-out>no difference seen; 6 points would have shown</system-out>
    </testcase>
    <testcase name="m differs from no reference by no more than noise" classname="loner" time="0">
      <error message="waiting: no pair yet" type="waiting" />
    </testcase>
  </testsuite>
</testsuites>
"""
SHORT = """\
1 of 2 differs from the reference, 1 undecided, 1 has no reference  all
! the reference official (m) is failing: fails in 9 of 300
✗ garbler   differs since 14 Nov 23:13 UTC, 150 pairs
            sends different tool arguments 34 points more often, and 1 more signal
            note: its identity changed
? newcomer  undecided, 1 pair; too few pairs
✓ faithful  no difference seen, 200 pairs; 6 points or more in kind of answer would have shown
… loner     waiting for the first pair; no pair yet
Not measured: 208 of 616 requests have no pair
Not measured: 7 requests have no reference (loner)
Not measured: 40 of 200 pairs of garbler (official): it is too small in 40; raise it
Not measured: 30 of 200 pairs of garbler (garbler): it refused in 30; lower the sample
Note: rows are sampled
Next: sameweights report garbler"""
