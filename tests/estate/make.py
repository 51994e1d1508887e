"""An estate of machines to try reports on: what an auditor is given, with a name and a MachineGuid of its own for each machine.

make.py FOLDER [MACHINES [QUARTER]]   (Debian's python3 with python3-hivex)

Folders of hives, `.reg` exports, zip collections and disk images (qcow2, VHDX, raw) in six sites, by the recipe of the fixtures;
three inputs beside them cannot be read. One computer name is hostile. The same machines come out each time. In QUARTER 2,
every fifth machine that was switched off is fixed, one machine has another name, one is gone, one can no longer be read, and
one is worse.
"""

import copy
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fixtures/recipe"))
sys.dont_write_bytecode = True

import reg  # noqa: E402
from archives import Zip, zip_file  # noqa: E402
from containers import qcow2  # noqa: E402
from disks import BASIC, SMALL, bitlocker, gpt  # noqa: E402
from hosts import OFF, ON, SERVER_2019, SERVER_2022, SOFTWARE_FILE, STRONG, SYSTEM_FILE, WEAK, WINDOWS_11, both, software, system  # noqa: E402
from hive import Hive  # noqa: E402
from ntfs import File, Volume  # noqa: E402
from vhdx import vhdx  # noqa: E402

CONFIG = "Windows/System32/config/"
SERVER_2016 = ("Windows Server 2016 Datacenter", "14393", 6981, "Server", "1607", "14393.6981.amd64fre.rs1_release.240507-1500")
SERVER_2012_R2 = ("Windows Server 2012 R2 Standard", "9600", 21620, "Server", "", "9600.21620.amd64fre.winblue_ltsb.231011-1700")
RELEASES = [SERVER_2019, SERVER_2022, SERVER_2016, SERVER_2019, SERVER_2012_R2, SERVER_2022, WINDOWS_11]
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"

# What is set: TLS 1.2, .NET in the 64-bit view, and in the 32-bit view. As it is met: most are right, some forget one half.
STATES = [
    (ON, STRONG, STRONG),
    (ON, STRONG, STRONG),
    (None, {}, {}),
    (ON, STRONG, WEAK),
    (OFF, STRONG, STRONG),
    (ON, STRONG, STRONG),
    (ON, {**STRONG, "SchUseStrongCrypto": "1"}, STRONG),
    (ON, STRONG, {}),
    (ON, STRONG, STRONG),
    (OFF, WEAK, WEAK),
    (ON, STRONG, STRONG),
]


class Machine:
    def __init__(self, number, quarter):
        self.name = HOSTILE if number == 17 else f"SRV-{number:04}"
        self.guid = f"00000000-0000-4000-8000-{number:012x}"
        self.release = RELEASES[number * 5 % len(RELEASES)]
        self.tls12, self.native, self.wow = STATES[number * number % 97 % len(STATES)]
        if quarter == 2:
            if self.tls12 == OFF and number % 5 == 0:
                self.tls12, self.native, self.wow = ON, STRONG, STRONG
            if number == 11:
                self.name = "SRV-0011-NEW"
            if number == 13:
                self.tls12, self.native, self.wow = OFF, STRONG, STRONG

    def hives(self, folder):
        """The bytes of SYSTEM and SOFTWARE."""
        values = software(self.release, self.native, wow=self.wow)
        values["Microsoft"]["Cryptography"] = {"MachineGuid": self.guid}
        product = "WinNT" if self.release[3] == "Client" else "ServerNT"
        trees = {"SYSTEM": (SYSTEM_FILE, system(self.name, copy.deepcopy(self.tls12), product=product)),
                 "SOFTWARE": (SOFTWARE_FILE, values)}
        for file, (path, tree) in trees.items():
            Hive(folder / file, path, tree)
        return {file: (folder / file).read_bytes() for file in trees}

    def export(self):
        """What an administrator exports of it with regedit."""
        product, build, revision, *_ = self.release
        local, control = reg.LOCAL, rf"{reg.LOCAL}\SYSTEM\CurrentControlSet\Control"
        keys = {rf"{control}\ComputerName\ComputerName": {"ComputerName": self.name},
                rf"{control}\Session Manager\Environment": {"PROCESSOR_ARCHITECTURE": "AMD64"},
                rf"{local}\SOFTWARE\Microsoft\Cryptography": {"MachineGuid": self.guid},
                rf"{local}\SOFTWARE\Microsoft\Windows NT\CurrentVersion":
                    {"CurrentBuild": build, "ProductName": product, "UBR": revision}}
        for side, values in both(self.tls12 or {}).items():
            keys[rf"{control}\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\{side}"] = values
        for node, values in (("", self.native), ("WOW6432Node\\", self.wow)):
            keys[rf"{local}\SOFTWARE\{node}Microsoft\.NETFramework\v4.0.30319"] = values
        return b"\xff\xfe" + reg.text(reg.V5, reg.lines(keys)).encode("utf-16-le")


def volume(hives):
    """A volume with Windows on it, of whole sectors of 4 KiB."""
    config = {name: File(data) for name, data in hives.items()}
    data = bytes(Volume({"Windows": {"System32": {"config": config}}}).data)
    return data + bytes(-len(data) % 4096)


def disk(hives):
    """A disk with that volume."""
    return gpt([(BASIC, "Basic data partition", volume(hives))], align=SMALL)


def write(path, data):
    """Writes a file; blocks of zeros take no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        for at in range(0, len(data), 65536):
            if any(block := data[at : at + 65536]):
                file.seek(at)
                file.write(block)
        file.truncate(len(data))


def save(site, number, machine, scratch):
    name = f"srv-{number:04}"
    kind = number % 6
    if kind == 3:
        return write(site / f"{name}.reg", machine.export())
    hives = machine.hives(scratch)
    if kind in (0, 1):
        for file, data in hives.items():
            write(site / name / file, data)
    elif kind == 2:
        write(site / f"{name}.qcow2", qcow2(disk(hives)))
    elif kind == 4:
        write(site / f"{name}.zip", zip_file([(f"C/{CONFIG}{file}", data) for file, data in hives.items()]))
    elif number % 4 == 1:
        write(site / f"{name}.vhdx", vhdx(disk(hives)))
    else:
        write(site / f"{name}.raw", disk(hives))


def main(out, count=300, quarter=1):
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for number in range(count):
            if quarter == 2 and number == 12:
                continue
            save(out / f"site {number % 6 + 1}", number, Machine(number, quarter), scratch)
        if quarter == 2:
            (out / "site 3/srv-0014.qcow2").write_bytes(b"")
        other = Machine(count, quarter).hives(scratch)
        write(out / "unread/cut.vhdx", vhdx(disk(other))[: 5 << 18])
        write(out / "unread/bitlocker.raw", bitlocker())
        locked = Zip()
        for file, data in other.items():
            locked.add(f"C/{CONFIG}{file}", data, flags=1)
        write(out / "unread/locked.zip", locked.bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
