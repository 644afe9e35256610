"""All findings of a run, in the order of the report."""

from mediation.probing import account_judgement, judgement, media_judgement
from mediation.probing.evidence import Evidence
from mediation.probing.finding import Finding


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Judge everything."""
    return (
        account_judgement.registration(evidence),
        judgement.options(evidence),
        judgement.call(evidence),
        account_judgement.credentials(evidence),
        judgement.post_dial_delay(evidence),
        media_judgement.early_media(evidence),
        judgement.prack(evidence),
        judgement.update(evidence),
        judgement.session_timer(evidence),
        media_judgement.laws(evidence),
        media_judgement.ptime(evidence),
        media_judgement.telephone_event(evidence),
        media_judgement.keys(evidence),
        media_judgement.hold(evidence),
        media_judgement.audio_source(evidence),
        media_judgement.srtp(evidence),
        judgement.transfer(evidence),
        judgement.identity(evidence),
        judgement.failing(evidence, "unallocated", "An unallocated number", "--unallocated"),
        judgement.failing(evidence, "busy", "A busy number", "--busy"),
        judgement.sizes(evidence),
        judgement.tls(evidence),
    )
