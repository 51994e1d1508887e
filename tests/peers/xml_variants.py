"""Holds what tlshive takes for well-formed preferences against expat: whatever expat refuses must not be applied.

    xml_variants.py TLSHIVE HOST FILE COUNT
        FILE: preferences that make HOST compliant; COUNT: how many variants of it are made by chance, the same on every run

Prints a line for each variant that tlshive applies and expat refuses, and for each that is refused though it should not be;
then how many were read by both, and how many refused by either.
"""

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.parsers import expat

ROOT = b"<RegistrySettings"
HEAD = b'<?xml version="1.0" encoding="utf-8"?>'

# Replacements, each of the first place where it fits.
BY_HAND = [
    (HEAD, b""),
    (HEAD, b"\xef\xbb\xbf" + HEAD),
    (HEAD, b"\xef\xbb\xbf\xef\xbb\xbf" + HEAD),
    (HEAD, b" " + HEAD),
    (HEAD, b"\n" + HEAD),
    (HEAD, HEAD + HEAD),
    (HEAD, b"<!-- x -->" + HEAD),
    (HEAD, b"<?xml version='1.0' ?>"),
    (HEAD, b"<?xml?>"),
    (HEAD, b"<?xml encoding='utf-8'?>"),
    (HEAD, b"<?xml version='1.0'encoding='utf-8'?>"),
    (HEAD, b"<?xml version='1.0' standalone='yes' encoding='utf-8'?>"),
    (HEAD, b"<?xml version='1.0' encoding='utf-8' standalone='maybe'?>"),
    (HEAD, b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>"),
    (HEAD, b"<?XML version='1.0'?>"),
    (HEAD, b"<?Xml version='1.0'?>"),
    (HEAD, b"<?xml-model href='x'?>"),
    (HEAD, b"<?xml version='1.0' encoding='no-such-thing'?>"),
    (HEAD, b"<?xml version='1.0' encoding=''?>"),
    (HEAD, b"<?xml version='1.0' encoding='utf-16'?>"),
    (HEAD, b"<?xml version='1.0' encoding='us-ascii'?>"),
    (HEAD, b"<?xml version='1.0'>"),
    (HEAD, HEAD + b"<!DOCTYPE RegistrySettings>"),
    (HEAD, HEAD + b"<!DOCTYPE RegistrySettings [<!ENTITY x 'y'>]>"),
    (HEAD, HEAD + b"<![CDATA[]]>"),
    (HEAD, HEAD + b"&#32;"),
    (HEAD, HEAD + b"x"),
    (HEAD, HEAD + b"<a/>"),
    (ROOT, b"< RegistrySettings"),
    (ROOT, ROOT + b" a='1' a='2'"),
    (ROOT, ROOT + b" a=1"),
    (ROOT, ROOT + b" a"),
    (ROOT, ROOT + b" a='<'"),
    (ROOT, ROOT + b" a='>'"),
    (ROOT, ROOT + b" a='&'"),
    (ROOT, ROOT + b" a='&lt;&#65;&#x42;'"),
    (ROOT, ROOT + b" a='&nbsp;'"),
    (ROOT, ROOT + b" a='&#0;'"),
    (ROOT, ROOT + b" a='&#x1F;'"),
    (ROOT, ROOT + b" a='&#xFFFE;'"),
    (ROOT, ROOT + b" a='&#xD800;'"),
    (ROOT, ROOT + b" a='&#x110000;'"),
    (ROOT, ROOT + b" a='&#X41;'"),
    (ROOT, ROOT + b" a='1'b='2'"),
    (ROOT, ROOT + b" a='\t\r\n'"),
    (ROOT, ROOT + b" a='\x00'"),
    (ROOT, ROOT + b" a='\x0b'"),
    (ROOT, ROOT + b" a='\x7f'"),
    (ROOT, ROOT + b" a='\xc2\x85'"),
    (ROOT, ROOT + b" a='\xef\xbf\xbe'"),
    (ROOT, ROOT + b" a='\xef\xbf\xbf'"),
    (ROOT, ROOT + b" a='\xed\xa0\x80'"),
    (ROOT, ROOT + b" a='\xc0\x80'"),
    (ROOT, ROOT + b" a='\xf4\x90\x80\x80'"),
    (ROOT, ROOT + b" a='\xff'"),
    (ROOT, ROOT + b" a='\xf4\x8f\xbf\xbf'"),
    (ROOT, ROOT + b" 1a='1'"),
    (ROOT, ROOT + b" -a='1'"),
    (ROOT, ROOT + b" a$='1'"),
    (ROOT, ROOT + b" \xc3\x97='1'"),
    (ROOT, ROOT + b" \xe2\x85\xb4='1'"),
    (ROOT, ROOT + b" x:a='1'"),
    (ROOT, ROOT + b" xmlns:x='u' x:a='1'"),
    (ROOT, ROOT + b" xmlns:x=''"),
    (ROOT, ROOT + b" xmlns:x='u' xmlns:y='u' x:a='1' y:a='2'"),
    (ROOT, ROOT + b" xmlns:xml='u'"),
    (ROOT, ROOT + b" xmlns:xmlns='u'"),
    (ROOT, ROOT + b" xml:lang='en'"),
    (ROOT, b"<!-- a -- b -->" + ROOT),
    (ROOT, b"<!-- a --->" + ROOT),
    (ROOT, b"<!-- a - b -->" + ROOT),
    (ROOT, b"<!---->" + ROOT),
    (ROOT, b"<!--->" + ROOT),
    (ROOT, b"<!-- a" + ROOT),
    (ROOT, b"<!- a -->" + ROOT),
    (ROOT, b"<?p x?>" + ROOT),
    (ROOT, b"<?p?>" + ROOT),
    (ROOT, b"<?p x>" + ROOT),
    (ROOT, b"<? p?>" + ROOT),
    (ROOT, b"<?1?>" + ROOT),
    (b"<Registry ", b"]]><Registry "),
    (b"<Registry ", b"]]&gt;<Registry "),
    (b"<Registry ", b"<![CDATA[&<]]><Registry "),
    (b"<Registry ", b"<![CDATA[<Registry "),
    (b"<Registry ", b"<![cdata[]]><Registry "),
    (b"<Registry ", b"&x;<Registry "),
    (b"<Registry ", b"&amp<Registry "),
    (b"<Registry ", b"&#65;<Registry "),
    (b"<Registry ", b"& <Registry "),
    (b"<Registry ", b"<?xml version='1.0'?><Registry "),
    (b"<Registry ", b"<!DOCTYPE x><Registry "),
    (b"<Registry ", b"<a></b><Registry "),
    (b"<Registry ", b"</Collection><Registry "),
    (b"</Registry>", b"</ Registry>"),
    (b"</Registry>", b"</Registry >"),
    (b"</Registry>", b"</Registry x='1'>"),
    (b"</Registry>", b"</registry>"),
    (b"</Registry>", b"</Registry/>"),
    (b"</Registry>", b""),
    (b"/>", b"/ >"),
    (b"/>", b">"),
    (b"</RegistrySettings>", b""),
    (b"</RegistrySettings>", b"</RegistrySettings>x"),
    (b"</RegistrySettings>", b"</RegistrySettings>\x00"),
    (b"</RegistrySettings>", b"</RegistrySettings>&#32;"),
    (b"</RegistrySettings>", b"</RegistrySettings><![CDATA[]]>"),
    (b"</RegistrySettings>", b"</RegistrySettings><RegistrySettings/>"),
    (b"</RegistrySettings>", b"</RegistrySettings></RegistrySettings>"),
    (b"</RegistrySettings>", b"</RegistrySettings><!-- x --> <?p?>\n"),
    (b"</RegistrySettings>", b"</RegistrySettings><!-- x"),
    (b"</RegistrySettings>", b"</RegistrySettings><?xml version='1.0'?>"),
]

PIECES = [b"<", b">", b"&", b'"', b"'", b"=", b"/", b"-", b"--", b"!", b"?", b";", b"#", b":", b"]]>", b"<!--", b"-->", b"<?", b"?>"]
PIECES += [b"<![CDATA[", b"&#", b"&#x", b"&amp;", b"xml", b"\x00", b"\x08", b"\x7f", b"\xc3", b"\xef\xbf\xbf", b"\xed\xb0\x80", b" ", b"\n"]


def by_chance(good, count):
    """Variants with a few bytes taken out, doubled, swapped or put in."""
    chance = random.Random(14)
    for _ in range(count):
        bad = bytearray(good)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            # most of what matters stands at the markup's own characters
            marks = [at for at, byte in enumerate(bad) if byte in b"<>&\"'=/?!-"]
            at = chance.choice(marks) + chance.choice((0, 0, 1)) if chance.random() < 0.7 else chance.randrange(len(bad))
            what = chance.randrange(4)
            if what == 0:
                bad[at : at + chance.choice((1, 1, 2, 5))] = b""
            elif what == 1:
                bad[at:at] = bad[at : at + 3]
            elif what == 2:
                bad[at : at + 2] = bytes(reversed(bad[at : at + 2]))
            else:
                bad[at:at] = chance.choice(PIECES)
        yield bytes(bad)


def expat_reads(text):
    """Whether expat does, with namespaces and without."""
    for separator in (None, "!"):
        parser = expat.ParserCreate(namespace_separator=separator)
        try:
            parser.Parse(text, True)
        except (expat.ExpatError, LookupError, ValueError):  # an encoding that Python does not know
            return False
    return True


def main():
    tlshive, host, file, count = sys.argv[1:5]
    good = Path(file).read_bytes()
    variants = [(good, True)]
    for old, new in BY_HAND:
        assert old in good, old
        variants.append((good.replace(old, new, 1), None))
    variants += [(text, None) for text in by_chance(good, int(count))]
    both = either = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (text, wanted) in enumerate(variants):
            path = Path(folder) / "Registry.xml"
            path.write_bytes(text)
            run = subprocess.run([tlshive, "audit", "-q", host, "--overlay", str(path)], capture_output=True, check=False)
            reads = expat_reads(text)
            shown = text[:60] if number == 0 else BY_HAND[number - 1] if number <= len(BY_HAND) else number
            if run.returncode not in (0, 1, 3):
                print(f"{shown}: exit status {run.returncode}")
            if run.returncode != 3 and not reads:
                print(f"{shown}: applied, and expat refuses it")
            if wanted and (run.returncode != 0 or not reads):
                print(f"{shown}: not read")
            both += run.returncode != 3 and reads
            either += run.returncode == 3
    # a check that refuses all of them, or none, holds nothing
    if both < 40 or either < 100:
        print("too few of either kind")
    print(f"{both} read, {either} refused")


main()
