"""A probe of the fleet against pretended providers, as an order."""

from pathlib import Path

from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.fleet.pretended_hosts import HOSTS, PretendedHosts
from shadow.settings.top_level_config import Config
from shadow.studies.probe.probe_entry import read_recording
from shadow.studies.probe.probe_plan import probe_plan
from shadow.studies.probe.probe_settings import probe_settings
from shadow.studies.probe.probe_study import ProbeOrder
from shadow.studies.probe.task import StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets
from shadow.studies.worlds.server_spec import Isolation, ServerSpec

FLEET = ServerSpec(name="fleet", command=("fleet",), isolation=Isolation.IN_PROCESS)
TASK = Task(
    name="battery",
    prompts=("Analyze my battery",),
    groups={"vehicles": ("list_vehicles",), "battery": ("get_battery_health",), "charges": ("get_charges",)},
)
NO_LIMITS = BudgetLimits()
NO_WORLD = TaskWorld()


def order_of(
    hosts: PretendedHosts, folder: Path, *, runs=3, task=TASK, world=NO_WORLD, servers=(FLEET,), budget=NO_LIMITS, swapped=False
) -> ProbeOrder:
    """nim against openrouter, or `swapped`, with the smallest model, which calls one tool at nim and four at openrouter."""
    candidate, reference = ("openrouter", "nim") if swapped else ("nim", "openrouter")
    providers = {name: Provider(base_url=hosts.base_url(name)) for name in HOSTS}
    file = TaskFile(
        task=task,
        study=StudySettings(providers=(candidate,), reference=reference, model="nano-9b", runs=runs),
        policy=StudyPolicy(allowed_drop=0.3),
        budget=budget,
        servers=servers,
        world=world,
        here=folder,
    )
    targets, config = Targets(candidates=(candidate,), reference=reference), Config(proxy=ProxyConfig(providers=providers))
    recording = read_recording(world.source) if world.source else None
    return ProbeOrder(
        file=file,
        plan=probe_plan(file, targets),
        config=config,
        database=folder / "study-battery.db",
        settings=probe_settings(file, targets, config, recording),
        fresh=False,
        quiet=True,
        command="sameweights probe battery.toml",
        recording=recording,
    )
