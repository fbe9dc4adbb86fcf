"""Findings about the root's disk, this machine and the settings."""

from __future__ import annotations

import configparser
import os
import pwd
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path, PurePath

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.versions import REMEDY, untested_words, version_text
from tui.core.errors import RunFailed
from tui.core.limits import LOW_BYTES, MOST_WATCHES
from tui.core.models.catalog import Catalog, Hold
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.operations.catalog.rota import ORDINARY, SWEPT_WITHIN
from tui.operations.context import Context
from tui.operations.finding import Finding
from tui.operations.formatting import count, moment, span
from tui.operations.running.agent_options import shells
from tui.operations.running.preflight import available_bytes, cli_path, env_file_rights, sign_in
from tui.runs.agent.environment import read_env_file
from tui.safe_io.folder_watch import granted_watches, local_device
from tui.settings import Settings
from tui.storage.index.erasure_marks import generation_of
from tui.storage.state.last_looked import read_looks
from tui.storage.state.named_views import read_own_views
from tui.storage.state.pictures import outdated_pictures
from tui.storage.state.saved_views import read_remembered
from tui.storage.state.seen_listings import read_known

_BYPASS = "bypassPermissions"
_NETWORK = late_pattern(
    r"nfs|cifs|smb|9p|afs|ceph|lustre|gluster|fuse\.(sshfs|s3fs|gluster|rclone)"
)
_LOW_SHARE = 0.05
_WATCHES = 7  # of a listing, at most
_LONG_HOLD = timedelta(hours=24)
_LOGIND = ("/usr/lib/systemd", "/run/systemd", "/etc/systemd")
_ESCAPE = late_pattern(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """Facts about this machine and login that no catalog holds.

    `refuses_bypass`: the CLI would refuse `bypassPermissions`, because we are root outside a
    sandbox. `mounts` are mount points and their file systems; `ends_agents`: logging out kills what
    the login left running; `most_watched` listings can be watched by inotify.
    """

    refuses_bypass: bool = False
    total_bytes: int | None = None
    free_memory: int | None = None
    mounts: tuple[tuple[str, str], ...] = ()
    ends_agents: bool = False
    user: str = ""
    cli_version: str = ""
    most_watched: int | None = None


def read_machine(context: Context) -> MachineFacts:
    """Return the current facts; what cannot be read keeps its harmless default."""
    total = None
    with suppress(OSError):
        total = shutil.disk_usage(context.root).total
    user = _user(os.geteuid())
    return MachineFacts(
        refuses_bypass=os.geteuid() == 0 and not _is_sandbox(context.settings),
        total_bytes=total,
        most_watched=_watchable(context.root),
        free_memory=available_bytes(),
        mounts=read_mounts(_text("/proc/self/mounts")),
        ends_agents=kills_user_processes(_logind_texts(), user)
        and "/session-" in _text("/proc/self/cgroup"),
        user=user,
        cli_version=_cli_version(context.settings),
    )


def of_machine(context: Context, catalog: Catalog, machine: MachineFacts) -> Iterator[Finding]:
    """Yield findings about the disk, the machine and the settings."""
    yield from _of_disk(catalog, machine)
    yield from _of_mounts(catalog, machine)
    yield from _of_sweep(catalog, machine)
    yield from _of_missing(context.settings)
    yield from _of_settings(context.settings, machine)
    yield from _of_shells(context.settings)
    yield from _of_sign_in(context.settings, catalog)
    yield from _of_hold(context, catalog)
    yield from _of_own_files(context)
    yield from _of_pictures(context)
    if words := untested_words(machine.cli_version):
        yield Finding("note", "untested_cli", words=words, remedy=REMEDY)
    if machine.ends_agents:
        yield Finding(
            "warning",
            "kill_user_processes",
            words="KillUserProcesses=yes in logind.conf: agents started from this login end "
            "with it",
            remedy=f"`loginctl enable-linger {machine.user}`, then start the console with "
            "`systemd-run --user --scope session-console`",
        )


def _cli_version(settings: Settings) -> str:
    cli = cli_path(settings)
    return version_text(cli) if cli is not None else ""


def _of_missing(settings: Settings) -> Iterator[Finding]:
    if settings.missing is not None:
        path = one_line(settings.missing)
        words = (
            f"SESSION_CONSOLE_CONFIG names {path}, which does not exist: none of its settings apply"
        )
        yield Finding(
            "warning", "no_settings", words=words, remedy="create it, or name another file"
        )


def read_mounts(text: str) -> tuple[tuple[str, str], ...]:
    """Return the mount points and file system types in the text of `/proc/self/mounts`."""
    fields = (line.split(" ") for line in text.split("\n"))
    return tuple((_unescaped(one[1]), one[2]) for one in fields if len(one) > 2)


def kills_user_processes(texts: Iterable[str], user: str) -> bool:
    """Whether logind, configured by `texts` in order, kills what `user` left running at logout."""
    values = {"killuserprocesses": "no", "killonlyusers": "", "killexcludeusers": "root"}
    for text in texts:
        parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        with suppress(configparser.Error):
            parser.read_string(text)
            if parser.has_section("Login"):
                values |= {name: value or "" for name, value in parser.items("Login")}
    if values["killuserprocesses"].lower() not in ("yes", "true", "1", "on"):
        return False
    only = values["killonlyusers"].split()
    return user not in values["killexcludeusers"].split() and (not only or user in only)


def _of_disk(catalog: Catalog, machine: MachineFacts) -> Iterator[Finding]:
    free, total = catalog.free_bytes, machine.total_bytes
    if free is None:
        words = f"cannot tell how much space is left on the disk of {catalog.root}"
        yield Finding("warning", "disk_unknown", words=words, remedy="check that disk with `df`")
        return
    if free >= LOW_BYTES and (not total or free >= total * _LOW_SHARE):
        return
    yield Finding(
        "error" if free < LOW_BYTES else "warning",
        "disk_full",
        words=f"the disk of {catalog.root} is nearly full: {size_text(free)} are free"
        + (f" of {size_text(total)}" if total else ""),
        remedy="`cleanup --expired --purge-trash` frees what is no longer needed; "
        "`cleanup --free 1G` frees more",
        command=("cleanup", "--expired", "--purge-trash"),
    )


def _of_mounts(catalog: Catalog, machine: MachineFacts) -> Iterator[Finding]:
    """Yield one finding for the root, or for the listings that are mounts of their own."""
    root = catalog.root.resolve()
    below = {listing.path.name: root / listing.path.name for listing in catalog.listings}
    points = dict(machine.mounts)
    own = [name for name, path in below.items() if str(path) in points]
    for name, path in (("", root), *((name, below[name]) for name in own)):
        kind = _file_system(path, points)
        if _NETWORK.match(kind):
            yield Finding(
                "warning",
                "network_mount",
                words=f"{one_line(path)} lies on a network mount ({one_line(kind)}): SQLite and "
                "file locks are not safe there between machines",
                remedy="let only one machine write, or put the root on a local disk or volume",
                listing=one_line(name),
            )


def _of_sweep(catalog: Catalog, machine: MachineFacts) -> Iterator[Finding]:
    """Yield that many listings are only checked in turn, and how late a change is seen there."""
    if machine.most_watched is None or len(catalog.listings) <= ORDINARY:
        return
    unwatched = len(catalog.listings) - machine.most_watched
    if unwatched > ORDINARY:
        words = (
            f"about {unwatched} listings cannot be watched, and are checked in turn: what others "
        )
        words += f"do there may be seen {span(SWEPT_WITHIN)} late"
        remedy = (
            "what is on the screen or changed lately is checked each second; on a disk of this "
        )
        remedy += "machine a larger fs.inotify.max_user_watches lets more be watched"
        yield Finding("note", "swept_late", words=words, remedy=remedy)


def _watchable(root: Path) -> int:
    return 0 if local_device(root) is None else min(MOST_WATCHES, granted_watches()) // _WATCHES


def _file_system(path: Path, points: dict[str, str]) -> str:
    """Return the type of the innermost mount that holds `path`."""
    holding = (str(one) for one in (path, *path.parents))
    return next((points[one] for one in holding if one in points), "")


def _of_settings(settings: Settings, machine: MachineFacts) -> Iterator[Finding]:
    cli = cli_path(settings)
    if cli is None or not os.access(cli, os.X_OK):
        missing = cli or settings.cli_path or "the SDK has none for this machine"
        words = f"the CLI that agents need is missing or not executable: {missing}"
        yield Finding("error", "no_cli", words=words, remedy="set cli_path in the settings")
    if settings.env_file and (words := _env_file_trouble(settings.env_file)):
        remedy = f"put a file with the secrets there, and `chmod 600 {settings.env_file}`"
        yield Finding("error", "env_file", words=words, remedy=remedy)
    elif (rights := env_file_rights(settings.env_file)).words:
        yield Finding("warning", "env_file", words=rights.words, remedy=rights.remedy)
    bypassing = [
        name
        for name, stage in settings.stages.items()
        if stage.get("permission_mode") == _BYPASS and machine.refuses_bypass
    ]
    if bypassing:
        named = ", ".join(one_line(name) for name in sorted(bypassing))
        words = f"the settings ask for {_BYPASS} in {named}, which the CLI refuses as root"
        remedy = "run as another user, or in a sandbox with IS_SANDBOX=1 in env_file"
        yield Finding("error", "root_bypass", words=words, remedy=remedy)


def _of_shells(settings: Settings) -> Iterator[Finding]:
    """Yield one finding for the stages that give a restricted console a shell."""
    if settings.restricted and (stages := shells(settings)):
        yield Finding(
            "warning",
            "restricted_shell",
            words=f"a stage with Bash is a shell for restricted operators: {', '.join(stages)}",
            remedy="remove such tools and modes from [stages] in the settings that restricted "
            "consoles read",
        )


def _env_file_trouble(env_file: Path) -> str:
    try:
        read_env_file(env_file)
    except RunFailed as error:
        return str(error)
    return ""


def _of_sign_in(settings: Settings, catalog: Catalog) -> Iterator[Finding]:
    """Yield one finding for all listings where our agents would find no credentials."""
    if not catalog.listings or sign_in(settings, Path("/nonexistent")):
        return
    without = [one for one in catalog.listings if not sign_in(settings, one.path / CONFIG_DIR)]
    if without:
        named = f"{count(len(without), 'listing')}, such as {without[0].listing_id}"
        words = f"no sign-in was found for {named}: an agent started here cannot reach the API"
        remedy = "name a file with ANTHROPIC_API_KEY=... as env_file in the settings, chmod 600"
        yield Finding("warning", "no_sign_in", words=words, remedy=remedy)


def _of_hold(context: Context, catalog: Catalog) -> Iterator[Finding]:
    hold = catalog.hold
    if hold is not None and hold.is_unreadable:
        yield _unread_hold(hold)
        return
    if hold is None or hold.at is None or context.clock() - hold.at < _LONG_HOLD:
        return
    why = f" ({hold.reason})" if hold.reason else ""
    words = (
        f"new runs and clean-up paused by {hold.by} since {moment(hold.at)}, "
        f"for {span(context.clock() - hold.at)}{why}"
    )
    remedy = "`hold off` releases it"
    yield Finding("warning", "long_hold", words=words, remedy=remedy, command=("hold", "off"))


def _of_own_files(context: Context) -> Iterator[Finding]:
    """The console writes over none that it cannot read, so it remembers nothing more in them."""
    settings, now = context.settings, context.clock()
    folder, root = settings.state_dir, context.root
    if folder is None:
        return
    who = settings.login or settings.operator
    reads: dict[str, Callable[[], object]] = {
        "your views": partial(read_own_views, folder, root, who),
        "what you saw last": partial(read_remembered, folder, root, who),
        "what you have seen": partial(read_looks, folder, root, who, now),
        "which listings there were": partial(read_known, folder, root),
    }
    for what, read in reads.items():
        try:
            read()
        except OSError as error:
            words = f"{what} cannot be read or saved: {one_line(error.strerror or error)}"
            remedy = "let this login read it, or remove it"
            yield Finding("warning", "own_file_unread", words=words, remedy=remedy)


def _of_pictures(context: Context) -> Iterator[Finding]:
    """A picture in a folder of others is never shown; one from before a purge is owed to it."""
    folder = context.settings.cache_dir
    if folder is None or not generation_of(context.root):
        return
    try:
        if (old := outdated_pictures(folder, context.root)) > 0:
            words = f"{count(old, 'picture')} of what consoles showed before the last purge"
            remedy = "`doctor --fix` removes what is left; none of it is shown any more"
            said = f"{words} {'is' if old == 1 else 'are'} still in {one_line(folder)}"
            yield Finding("warning", "old_pictures", words=said, remedy=remedy, is_fixable=True)
    except OSError as error:
        words = (
            f"no console begins with what the last one showed: {one_line(folder)}: "
            f"{one_line(error.strerror or error)}"
        )
        yield Finding("note", "no_pictures", words=words, remedy="let only this login write there")


def _unread_hold(hold: Hold) -> Finding:
    words = f"cannot tell whether this root is on hold, so no run or clean-up starts: {hold.reason}"
    remedy = "let this login read it, or release it with `hold off`"
    return Finding("error", "hold_unread", words=words, remedy=remedy, command=("hold", "off"))


def _is_sandbox(settings: Settings) -> bool:
    if os.environ.get("IS_SANDBOX") == "1":
        return True
    try:
        named = read_env_file(settings.env_file) if settings.env_file else {}
    except RunFailed:
        return False
    return named.get("IS_SANDBOX") == "1"


def _logind_texts() -> list[str]:
    """Return logind's configuration files in order: later lines win."""
    folders = [PurePath(base) for base in _LOGIND]
    texts = [_text(f"{base}/logind.conf") for base in folders]
    drop_ins: dict[str, Path] = {}
    for base in folders:
        with suppress(OSError):
            drop_ins |= {path.name: path for path in Path(base, "logind.conf.d").glob("*.conf")}
    return [*texts, *(_text(str(drop_ins[name])) for name in sorted(drop_ins))]


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""


def _unescaped(point: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), point)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
