"""Exports for tests, in as few words as they take."""

import json
import tomllib
from pathlib import Path
from typing import Any

from mediation.importing.lync import Imported, import_lync
from mediation.importing.telling import Weight

EXPORTS = Path(__file__).with_name("exports")
EVERYTHING = [
    EXPORTS / name
    for name in ("CsTrunkConfiguration.json", "CsVoiceRoute.json", "CsVoicePolicy.txt", "PstnGateway.txt",
                 "MediationServer.txt", "CsPstnUsage.xml", "CsMediaConfiguration.json")
]  # fmt: skip

GATEWAY = {"Identity": "PstnGateway:10.0.0.9", "GatewaySipClientTcpPort": 5066, "GatewaySipClientTlsPort": 0}


def configuration(**changed: object) -> dict[str, object]:
    """The global one."""
    return {"Identity": "Global", "ConcentratedTopology": True, **changed}


def gateway(**changed: object) -> dict[str, object]:
    return {**GATEWAY, **changed}


def route(**changed: object) -> dict[str, object]:
    plain = {
        "Identity": "R",
        "Priority": 0,
        "NumberPattern": "^\\+",
        "PstnGatewayList": ["PstnGateway:10.0.0.9"],
    }
    return {**plain, **changed}


def rule(pattern: str, translation: str = "$1", name: str = "n") -> dict[str, object]:
    return {"Description": "", "Pattern": pattern, "Translation": translation, "Name": name}


def imported(folder: Path, *objects: dict[str, object], name: str = "export.json") -> Imported:
    path = folder / name
    path.write_text(json.dumps(objects), encoding="utf-8")
    return import_lync([path])


def toml(found: Imported) -> dict[str, Any]:
    return tomllib.loads(found.configuration)


def told(found: Imported, weight: Weight) -> list[str]:
    """Findings without their place."""
    return [
        str(each).removeprefix(f"{each.place}: ") for each in found.told.findings if each.weight is weight
    ]


def lost(found: Imported) -> list[str]:
    return [text.removeprefix("lost: ") for text in told(found, Weight.LOST)]
