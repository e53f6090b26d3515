"""The commands that look whether a history is as it must be: verify it, and seal it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import connection
from services.cli.forms import Printer
from services.cli.options import HERE, Data, Nats
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.stores import all_stores, showing_progress
from services.cli.told import Looked, Sealed
from shared.files import write_anew

if TYPE_CHECKING:
    from services.history.progress import Progress
    from services.history.verifying.house import Finding
    from services.history.verifying.seals import SignedSeal
    from shared.client import Client
    from shared.store import Store

_MARKS = {True: "ok", False: "WRONG", None: "-"}


def verify(
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="SEAL", help="A file of `guestlist seal`."),
    ] = None,
    signer: Annotated[
        str | None,
        typer.Option("--signer", metavar="FINGERPRINT", help="Whose signature the seal must have."),
    ] = None,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Look whether the stores are as they were written, and as the audit stream has them.

    An event that was changed, removed, inserted or moved is named. A tail that was cut off all
    stores is seen by the stream, or by a seal when it was cut off there too; it is told which of
    the two there was.
    """
    from services.history.verifying.house import verify as look

    seal = None if against is None else _seal(against, signer)
    stores = {store.service: store for store in all_stores(data)}
    well = True
    with showing_progress() as progress:
        well = _tell(out, look(stores, progress)) and well
        well = _compare(out, stores, data, nats) and well
        well = _unseal(out, stores, seal, progress) and well
    if not well:
        raise typer.Exit(REFUSED)


def seal(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The seal; keep it elsewhere.")],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Its private key, else the folder's seal.pem."),
    ] = None,
    data: Data = HERE,
    *,
    out: Printer,
) -> None:
    """Sign what the logs are now, so that a later `verify --against` finds each change.

    The key is made when there is none. Who has it can seal a changed history: keep it elsewhere.
    """
    from services.history.verifying.seals import Seal, SignedSeal, key_of

    stores = {store.service: store for store in all_stores(data)}
    key_file = key or data / "seal.pem"
    try:
        private = key_of(key_file)
    except ValueError as error:
        raise Stop(WRONG_USE, "bad-request", str(error), "name another file with --key") from None
    with showing_progress() as progress:
        signed = SignedSeal.of(Seal.of(stores, progress), private)
    write_anew(path, signed.model_dump_json().encode())
    ends = {service: log.end for service, log in signed.seal.logs.items()}
    told = Sealed(path=path, key=key_file, signer=signed.signer, time=signed.seal.time, ends=ends)
    places = ", ".join(f"{service} up to {end}" for service, end in ends.items())
    rows = [
        (f"sealed {places} in {path}, signed by {told.signer}: keep it and {key_file} elsewhere",)
    ]
    out.tell(told, rows)


def _seal(path: Path, signer: str | None) -> "SignedSeal":
    from services.history.verifying.seals import NoSeal, SignedSeal

    try:
        seal = SignedSeal.read(path)
    except FileNotFoundError:
        hint = "name another file, or make one"
        raise Stop(
            WRONG_USE, "no-such-file", f"there is no {path}", hint, "guestlist seal FILE"
        ) from None
    except NoSeal as error:
        raise Stop(REFUSED, "no-seal", str(error), "use the one that was kept elsewhere") from None
    if signer is not None and signer != seal.signer:
        detail = f"{path} is signed by {seal.signer}, not by {signer}"
        raise Stop(REFUSED, "no-seal", detail, "use the one that was kept elsewhere")
    return seal


def _tell(out: Printer, findings: Iterable["Finding"]) -> bool:
    """Print what was found; whether all of it is well."""
    well = True
    for finding in findings:
        well = well and finding.well
        _print(out, Looked(**finding._asdict()))
    return well


def _print(out: Printer, looked: Looked) -> None:
    what = f"{looked.where}: {looked.detail}" if looked.where else looked.detail
    out.tell(looked, [(_MARKS[looked.well], looked.check, looked.service, what)], (5, 8, 12))


def _compare(out: Printer, stores: Mapping[str, "Store"], data: Path, nats: str | None) -> bool:
    from services.history.verifying.house import found
    from services.history.verifying.stream import Compared, compare

    async def read(client: "Client") -> list[Compared]:
        return await compare(stores, client.events(follow=False))

    try:
        compared = connection.ask(read, "auditor", data, nats, "try again")
    except Stop as stop:
        detail = f"not compared: {stop.detail}; a tail that was cut off isn't seen without"
        for service in stores:
            _print(out, Looked(check="stream", service=service, well=None, detail=detail))
        return True
    well = True
    for row in compared:
        waits = f", {row.waiting} events aren't there yet" if row.waiting else ""
        told = f"it has the same {row.messages} events{waits}"
        well = _tell(out, found("stream", row.service, row.flaws, told)) and well
    return well


def _unseal(
    out: Printer, stores: Mapping[str, "Store"], seal: "SignedSeal | None", progress: "Progress"
) -> bool:
    from services.history.verifying.house import found
    from services.history.verifying.seals import broken

    if seal is None:
        detail = "not compared: none was given with --against"
        for service in stores:
            _print(out, Looked(check="seal", service=service, well=None, detail=detail))
        return True
    well = True
    for service, log in seal.seal.logs.items():
        told = f"the log is as {seal.signer} sealed it up to {log.end}"
        with stores[service].recorder.reading():
            flaws = broken(stores[service], log, progress)
            well = _tell(out, found("seal", service, flaws, told)) and well
    return well
