"""ShownText: what is seen of a server's texts: no secret that it was given, and the same folders in every run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shadow.studies.worlds.path_alias import PathAlias
from shadow.studies.worlds.secret_mask import NO_SECRETS, SecretMask


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownText:
    """What is done with each text of one server before it is cut to a length; `folder` is that of the run."""

    alias: PathAlias = field(default_factory=lambda: PathAlias({}))
    mask: SecretMask = NO_SECRETS
    folder: str = ""

    def text(self, text: str, altered: list[str]) -> str:
        """A text for the model; each alteration that it should know of is added to `altered`."""
        altered += self.masked(text)
        return self.alias.conceal_text(self.mask.text(text))

    def value(self, value: Mapping[str, object]) -> dict[str, object]:
        """A JSON object for the model."""
        shown = self.alias.conceal(self.mask.value(value))
        assert isinstance(shown, dict)
        return shown

    def sentence(self, text: str) -> str:
        """A text for the user, equal for equal faults of several runs: the run's folder is `{folder}`."""
        shown = self.text(text, [])
        return shown.replace(self.folder, "{folder}") if self.folder else shown

    def masked(self, text: str) -> list[str]:
        """The phrase for each value that is in the text."""
        return [f"value of {name} masked" for name in self.mask.found(text)]


AS_SENT = ShownText()
"""For a server that was given nothing, and has no folder."""
