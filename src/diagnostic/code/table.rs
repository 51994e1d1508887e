//! The table of codes, by what they are about.

use super::Severity;

codes! {
"What was given" "" {
    NoSuchFile "no-such-file" Error
        "A file or folder that was named is not there."
        "No machine was judged from it."
        "Correct the name, or fetch the file.";
    NoSuchMachine "no-such-machine" Error
        "No machine is called so, or lies there."
        "A machine that was asked for by --host was not judged."
        "Correct the name: a report without --host has the names of all machines.";
    UnreadableInput "unreadable-input" Error
        "An input cannot be read to its end, or is of a kind that is not read."
        "Machines that it holds were not judged: the exit status is 3, where no machine fails."
        "Do what the message says: copy it again, convert it, unpack it, or decrypt it.";
    EmptyFile "empty-file" Warning
        "A file that was named is empty."
        "A copy or an acquisition may have failed: no machine was judged from it."
        "Copy it again, or make it anew.";
    NotAsNamed "not-as-named" Error
        "The content of a file is not what its name promises."
        "If the name is right, a machine that it stands for was not judged."
        "Find out how the file was made: a backup or a copy may have failed.";
    NotRecognised "not-recognised" Error
        "It cannot be told what a file is."
        "If it holds a machine, that machine was not judged."
        "Look at the file, and convert or unpack it if it holds a machine.";
    NotARegistryFile "not-a-registry-file" Warning
        "A file that was named is nothing that can be judged."
        "It was given, and not judged."
        "Give a hive, an export, an image or an archive.";
    NotFollowed "not-followed" Note
        "A symbolic link, a pipe or a device below a folder was not looked at."
        "In a mounted image a link can lead out of the evidence, and a pipe would make the run wait."
        "Name it on the command line, if it is to be read.";
    SplitUnit "split-unit" Warning
        "Files of one machine were named apart from one another, or only some of them."
        "A machine may have been judged in parts, twice, or by a part of its files."
        "Name the folder instead of its files.";
    OtherObjects "other-objects" Note
        "Objects below a prefix of an object store were not looked into: by their names, they are nothing that is read."
        "Looking into each would cost a request; a registry under such a name was not judged."
        "Name such an object itself.";
    BackupLeftOut "backup-left-out" Note
        "A copy from an earlier day (RegBack, Windows.old, a shadow copy) was not read."
        "It shows the machine as it was, not as it is."
        "Use --include-backups, or name the copy, to have it judged.";
    WindowsVolume "windows-volume" Note
        "A folder is the root of a Windows volume, and only the installations of Windows in it were read."
        "Other hives and .reg files below it were not read."
        "Name a folder below it to have everything in that folder read.";
    PolicyFolder "policy-folder" Warning
        "A folder of Group Policy cannot be read."
        "What Group Policy sets on the machine is not known."
        "Make the folder readable, or name its files.";
    NoDigest "no-digest" Error
        "The SHA-256 of an input cannot be computed."
        "The report cannot say which bytes it is about."
        "Read the input again from a sound disk.";
    MoreDiagnostics "more-diagnostics" Warning
        "One file has more diagnostics than are kept."
        "The others were counted, and are not shown."
        "Mend what the first ones name, and read the file again.";
    TableOld "table-old" Note
        "A table that verdicts rest on is older than 180 days."
        "What is known of Windows and of products may have changed."
        "Use a newer version of the program, or give newer tables with --tables.";
    TableReplaced "table-replaced" Warning
        "A table of --tables stands in the place of one that is built in."
        "Verdicts say what that table says, whoever wrote it."
        "Look at its source (`tlshive tables --tables DIR`) before you rest on them.";
    InternalError "internal-error" Error
        "The program failed at an input, by a mistake of its own."
        "The input was not judged."
        "Report the mistake with its message. The other inputs were judged.";
}

"Disk images and archives" "" {
    Archive "archive" Note
        "Something about an archive is unusual: its form, its times, or how it was read."
        "It changes no answer."
        "There is nothing to do.";
    NestedArchive "nested-archive" Note
        "An archive inside another archive, or inside an image, is not read."
        "A machine that it holds was not judged."
        "Unpack the outer one, and name the inner one.";
    Image "image" Note
        "Something about a disk image or its partition table is unusual."
        "It changes no answer; it tells how the disk was read."
        "Compare the image with its source, if that was not expected.";
    ImagePart "image-part" Note
        "A file is a part of another image, and was read with it."
        "It is no machine of its own."
        "Name it to have it read by itself.";
    NestedImage "nested-image" Warning
        "A disk image inside another image is not read."
        "A machine that it holds was not judged."
        "Copy it out, and name it.";
    NoPartitions "no-partitions" Warning
        "A partition table has no partitions."
        "Nothing of the disk was judged."
        "Find out whether it is the right disk, and whether it was copied whole.";
    DynamicVolume "dynamic-volume" Warning
        "A volume of dynamic disks was put together in an unusual way: an old database, or disks that were not looked at."
        "The volume may hold old data, or lack a piece."
        "Put all disks of the group, copied at one moment, into one folder.";
    VolumeNotRead "volume-not-read" Warning
        "A volume beside one with Windows was not looked into."
        "Another Windows could be on it."
        "Decrypt it, or name what is on it.";
    VolumeSkipped "volume-skipped" Note
        "A volume from which Windows is not started was passed over."
        "It changes no answer."
        "There is nothing to do.";
    ShadowCopies "shadow-copies" Note
        "A volume has shadow copies: Windows kept it as it was on earlier days."
        "They show the machine as it was, and not as it is; unless they are asked for, they are listed alone."
        "Use --shadow-copies to have the machine in them judged, or show --shadow-copy to look into one.";
    ShadowCopyNotRead "shadow-copy-not-read" Error
        "A shadow copy, or the list of them, cannot be read."
        "What the machine was on that day was not judged. Where no copies are asked for, it is a note: the machine as it is was judged."
        "Look at the message: the image may be cut short, or the copies may lie on another volume.";
    VolumeFile "volume-file" Note
        "A file in the root folder of a volume was not looked into."
        "It is hardly about a machine."
        "Copy it out and name it, if it is.";
    NotLookedInto "not-looked-into" Warning
        "A part of a volume could not be looked into."
        "A policy or a copy that is there would be missing from the report."
        "Read the reason in the message; copy the file out and name it, if it matters.";
}

"Hives and their logs" "" {
    NoHive "no-hive" Note
        "A file is called SYSTEM or SOFTWARE, and is empty or no hive."
        "The machine that it stands for cannot be judged."
        "Copy it again.";
    OtherHive "other-hive" Note
        "A hive is neither SYSTEM nor SOFTWARE."
        "It says nothing about TLS on the machine."
        "There is nothing to do.";
    NotAPair "not-a-pair" Warning
        "The only SYSTEM and the only SOFTWARE of a folder are judged apart."
        "Without the other one, much of each stays unknown."
        "Use --join, if both are of one machine.";
    LogAlone "log-alone" Warning
        "A transaction log lies there without its hive."
        "A log says nothing by itself, and its hive may be missing."
        "Give the hive to which it belongs.";
    LogRefused "log-refused" Warning
        "A transaction log was not applied, or not to its end."
        "The hive may show values that are older than those of the machine."
        "Give the logs of the same moment, or take the verdict as that of the hive as it lies.";
    CrossCheckDisagrees "cross-check-disagrees" Error
        "The second reader of hives gives another answer for a value that decided a rule."
        "One of the two readers is wrong, so the verdict is in doubt."
        "Look at the value with a third tool, and report the case.";
}

"Waivers, overlays and Group Policy files" "MS-GPREG (Registry.pol) and MS-GPPREF (Registry.xml), https://learn.microsoft.com/openspecs" {
    WaiverExpired "waiver-expired" Warning
        "A waiver is past its last day, and was not applied."
        "Failures that it covered count again."
        "Renew the waiver, or mend the machine.";
    WaiverUnused "waiver-unused" Warning
        "A waiver covers no failing finding."
        "It may be misspelled, or no longer needed."
        "Correct or remove it.";
    OverlayLarge "overlay-large" Warning
        "An overlay changes more keys than are looked at beside those of the rules."
        "A change to which a symbolic link leads is not seen."
        "Cut the file down to what is about TLS.";
    OverlayUnreadable "overlay-unreadable" Error
        "It cannot be told what the import of a file changes."
        "The machine after the import is not known."
        "Mend the file.";
    PolicyFileOtherRoot "policy-file-other-root" Note
        "A policy file changes something outside HKEY_LOCAL_MACHINE."
        "Those changes were not looked at, as they are no settings of the machine."
        "There is nothing to do.";
    PolicyFileOwner "policy-file-owner" Warning
        "It is not known whether a Registry.pol is the machine's or a user's."
        "What it changes stays in doubt."
        "Use --registry-pol machine, or --registry-pol user.";
    PolicyFileStopped "policy-file-stopped" Error
        "A policy file cannot be read to its end."
        "What it sets is not known."
        "Copy it again, or make it anew.";
    PolicyFileUser "policy-file-user" Warning
        "A Registry.pol is a user's."
        "It changes nothing of the machine."
        "Use --registry-pol machine, if it is the machine's.";
    GppDisabled "gpp-disabled" Note
        "An item of registry preferences is disabled."
        "It does nothing."
        "There is nothing to do.";
    GppDoubt "gpp-doubt" Warning
        "The effect of an item of registry preferences depends on something that is not known."
        "What it changes stays in doubt."
        "See the reason in the message.";
    GppItem "gpp-item" Error
        "It cannot be told what an item of registry preferences does."
        "What the file changes is not known."
        "Mend the item.";
    GppTargeting "gpp-targeting" Warning
        "Item-level targeting decides whether an item is carried out."
        "That depends on the client, so the effect is in doubt."
        "Compare the filter with the client.";
    GppUnknownElement "gpp-unknown-element" Warning
        "An element is no part of registry preferences."
        "It was not read."
        "Find out whether the file is what it is taken for.";
    PolDoubt "pol-doubt" Warning
        "The effect of a record of a Registry.pol depends on what is on the machine."
        "What it changes stays in doubt."
        "See the reason in the message.";
    PolNoKey "pol-no-key" Warning
        "A record of a Registry.pol names no key."
        "It does nothing."
        "Mend the file.";
    PolSecureKey "pol-secure-key" Note
        "A record of a Registry.pol changes who may access a key."
        "That was not looked at; it changes no value."
        "There is nothing to do.";
}

".reg files" "Wine's tests of regedit, which its developers run on Windows too: https://gitlab.winehq.org/wine/wine, programs/regedit/tests/regedit.c" {
    RegNoHeader "reg-no-header" Error
        "The first line is no header of a .reg file."
        "Regedit refuses the file: nothing is set."
        "Write \"Windows Registry Editor Version 5.00\" as the first line.";
    RegHeaderIgnored "reg-header-ignored" Warning
        "The header starts with REGEDIT, and is not REGEDIT4."
        "Regedit reports success, and imports nothing."
        "Write \"Windows Registry Editor Version 5.00\" as the first line.";
    RegWindows31 "reg-windows-31" Note
        "The file has the header of Windows 3.1."
        "Its lines set default values below HKEY_CLASSES_ROOT, and nothing else."
        "Write \"Windows Registry Editor Version 5.00\" as the first line, if something else was meant.";
    RegWine "reg-wine" Note
        "The file is a registry file of Wine."
        "Regedit refuses it."
        "Export it with Wine's regedit, if it is to be imported.";
    RegUtf16be "reg-utf16be" Warning
        "The file is UTF-16 with the high byte first."
        "Regedit refuses it."
        "Save it as UTF-16LE.";
    RegUtf8Bom "reg-utf8-bom" Warning
        "The file is UTF-8 with a byte order mark."
        "Regedit may refuse it; reports differ."
        "Save it as UTF-16LE.";
    RegUtf8Unmarked "reg-utf8-unmarked" Note
        "A line was read as UTF-8, though the file does not say that it is."
        "Regedit reads it in the ANSI code page, so a name may be another one there."
        "Save the file as UTF-16LE, or name its code page with --codepage.";
    RegHalfUnit "reg-half-unit" Note
        "The file ends with half a UTF-16 unit."
        "It may have been cut off."
        "Compare it with its source.";
    RegStopped "reg-stopped" Error
        "The file was not read to its end: a limit, or an error of the disk."
        "What follows is not known."
        "See the reason in the message.";
    RegCollectedBroken "reg-collected-broken" Warning
        "A collector of tlshive wrote the file, and it is not as it was written: cut, joined with another, or edited."
        "A value may stand below a key that it is not of, or be cut short: nothing in the file counts."
        "Collect it again. With --reg-is script it is read as any other .reg file.";
    Reg32BitView "reg-32-bit-view" Warning
        "A 32-bit program made the export, or Windows is a 32-bit one: what stands below SOFTWARE is of the 32-bit view."
        "Its .NET values are not those of 64-bit programs."
        "Export again with the 64-bit regedit (reg export … /reg:64).";
    RegImportMounted "reg-import-mounted" Warning
        "The keys are those of a mounted hive, and an import writes to such a hive."
        "The SYSTEM and SOFTWARE of the machine itself stay as they are."
        "Write HKEY_LOCAL_MACHINE\\SYSTEM or HKEY_LOCAL_MACHINE\\SOFTWARE.";
    RegJunkLine "reg-junk-line" Warning
        "A line is neither a key, nor a value, nor a comment."
        "Regedit skips it, so what it was to set is not set."
        "Mend or remove the line.";
    RegListLine "reg-list-line" Warning
        "A line is an item of a list, as documentation prints it."
        "Regedit skips it, so what it was to set is not set."
        "Remove the sign before the key or value.";
    RegKeyAbbreviatedRoot "reg-key-abbreviated-root" Warning
        "A key has a short root, such as HKLM."
        "Regedit skips the key and its values."
        "Write HKEY_LOCAL_MACHINE.";
    RegKeyUnknownRoot "reg-key-unknown-root" Warning
        "A key has a root that Windows does not have."
        "Regedit skips the key and its values."
        "Write the whole name of a root.";
    RegKeyWithoutRoot "reg-key-without-root" Warning
        "Keys start with a backslash, as hivexregedit writes them."
        "Regedit skips them."
        "Give hivexregedit a --prefix.";
    RegKeyBlankAfterBracket "reg-key-blank-after-bracket" Warning
        "A blank follows the opening bracket of a key."
        "Regedit skips the line, and the values below it go to the key before."
        "Remove the blank.";
    RegKeyUnclosed "reg-key-unclosed" Warning
        "A key has no closing bracket."
        "Regedit skips the line, and the values below it go to the key before."
        "Close the bracket.";
    RegKeyNotDeletable "reg-key-not-deletable" Warning
        "A root is to be deleted."
        "Regedit skips the line."
        "Name a key below the root.";
    RegKeyTooLarge "reg-key-too-large" Warning
        "A key is deeper, or has a longer name, than Windows allows."
        "Regedit skips the key and its values."
        "Mend the path.";
    RegTextAfterKey "reg-text-after-key" Warning
        "Text follows a key on its line."
        "Regedit takes the key, and skips the text."
        "Write each value on a line of its own.";
    RegValueWithoutKey "reg-value-without-key" Warning
        "A value stands where no key is open."
        "Regedit skips the line, so the value is not set."
        "Write the key above it.";
    RegNameUnclosed "reg-name-unclosed" Warning
        "The closing quote of a value's name is missing."
        "Regedit skips the line, so the value is not set."
        "Close the quote.";
    RegValueNoEquals "reg-value-no-equals" Warning
        "No equals sign follows the name of a value."
        "Regedit skips the line, so the value is not set."
        "Write the equals sign.";
    RegValueUnknownData "reg-value-unknown-data" Warning
        "The data is none of a quoted string, dword:, hex:, hex(type): and -."
        "Regedit skips the line, so the value is not set."
        "Write the data in one of these forms.";
    RegValueWrongCase "reg-value-wrong-case" Warning
        "DWORD: or HEX: is not in small letters."
        "Regedit skips the line, so the value is not set."
        "Write it in small letters.";
    RegValueBadDword "reg-value-bad-dword" Warning
        "A dword is not one to eight hexadecimal digits."
        "Regedit skips the line, so the value is not set."
        "Write one to eight hexadecimal digits.";
    RegValueBadHexType "reg-value-bad-hex-type" Warning
        "The type in hex(type): is not one to eight hexadecimal digits."
        "Regedit skips the line, so the value is not set."
        "Write the number of a type.";
    RegValueBadDeletion "reg-value-bad-deletion" Warning
        "Text follows the - that deletes a value."
        "Regedit skips the line, so the value is not deleted."
        "Remove the text.";
    RegValueBroken "reg-value-broken" Warning
        "A value goes on in the next line, and that line is refused."
        "The whole value is lost."
        "Mend the line that the message names.";
    RegLineSwallowed "reg-line-swallowed" Warning
        "A line is lost with the value that was to go on there."
        "What it was to set is not set."
        "Mend the line before it.";
    RegLineAfterComma "reg-line-after-comma" Warning
        "The line before ends in a comma without a backslash."
        "Regedit skips this line, and the value is shorter than was meant."
        "Write a backslash after the comma.";
    RegStringUnclosed "reg-string-unclosed" Warning
        "The closing quote of a string is missing."
        "Regedit skips the line, so the value is not set."
        "Close the quote.";
    RegStringNul "reg-string-nul" Warning
        "A string contains \\0."
        "Regedit skips the line, so the value is not set."
        "Write the string as hex(1): bytes.";
    RegTextAfterData "reg-text-after-data" Warning
        "Text follows the data of a value."
        "Regedit skips the line, so the value is not set."
        "Remove the text, or write ; before it.";
    RegHashAfterData "reg-hash-after-data" Warning
        "A # follows the data of a value: it starts no comment there."
        "Regedit skips the line, so the value is not set."
        "Write ; instead.";
    RegHexBadByte "reg-hex-bad-byte" Warning
        "Hex data is not bytes of one or two digits between commas."
        "Regedit skips the value, so it is not set."
        "Mend the bytes.";
    RegHexNoComma "reg-hex-no-comma" Warning
        "No comma stands before the backslash at the end of a line."
        "Regedit skips the value, so it is not set."
        "Write the comma before the backslash.";
    RegHexTextAfterBackslash "reg-hex-text-after-backslash" Warning
        "Text follows the backslash that continues hex data."
        "Regedit skips the value, so it is not set."
        "End the line with the backslash.";
    RegDwordSize "reg-dword-size" Note
        "A REG_DWORD has not four bytes."
        "It is stored as it is, and is no number to a program that reads it."
        "Write four bytes.";
}

"Schannel" "https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings" {
    SchannelNoProtocolLeft "schannel-no-protocol-left" Warning
        "Every protocol is off on one side, client or server."
        "No program that uses Schannel can connect on that side."
        "Turn TLS 1.2 on.";
    SchannelContradiction "schannel-contradiction" Warning
        "Enabled is 0 and DisabledByDefault is 0."
        "Enabled decides: the protocol is off."
        "Set both values to what was meant.";
    SchannelInsecureRenegotiation "schannel-insecure-renegotiation" Warning
        "Peers that cannot renegotiate safely are taken."
        "Their connections can be tampered with (RFC 5746)."
        "Set AllowInsecureRenegoClients and AllowInsecureRenegoServers to 0.";
    SchannelNonCanonical "schannel-non-canonical" Note
        "A value is a number other than 0 and 1."
        "Windows takes it as 1."
        "Write 1.";
    SchannelNotSupported "schannel-not-supported" Warning
        "A protocol is enabled that this Windows does not have."
        "Microsoft calls that no safe configuration of the system."
        "Remove the key.";
    Tls13OnUnsupportedOs "tls13-on-unsupported-os" Warning
        "TLS 1.3 is enabled on a Windows that does not have it."
        "Microsoft calls that no safe configuration of the system."
        "Remove the key.";
    Tls13Only "tls13-only" Warning
        "TLS 1.3 is the only current protocol of the client."
        "Endpoints of Microsoft Entra ID are getting TLS 1.3 beside TLS 1.2; not all may have it."
        "Turn TLS 1.2 on.";
    SchannelSidesDiffer "schannel-sides-differ" Note
        "The settings of the client and of the server differ."
        "One of them may have been forgotten."
        "Set both to what was meant.";
    SchannelUnreadKey "schannel-unread-key" Warning
        "A key looks like one of Schannel's, and Windows never reads it."
        "What was to be set there is not set."
        "Write the key that the message names.";
    SchannelUnreadValue "schannel-unread-value" Warning
        "A value looks like one of Schannel's, and Windows never reads it."
        "What was to be set there is not set."
        "Write the name that the message gives.";
    SchannelValuesAboveSides "schannel-values-above-sides" Warning
        "Values stand in the key of the protocol itself."
        "Windows reads them in its keys Client and Server alone."
        "Write them in Client and in Server.";
    SchannelWrongType "schannel-wrong-type" Warning
        "A value of Schannel is no REG_DWORD."
        "It is not known what Windows makes of it."
        "Write it as REG_DWORD.";
    ControlSetUnread "control-set-unread" Warning
        "The hive SYSTEM has a key CurrentControlSet of its own."
        "Windows never reads it: what was imported there has no effect."
        "Import into the control set of Select\\Current.";
    FipsOn "fips-on" Note
        "FIPS mode is on."
        "It takes away suites and curves, and those were not taken off the lists in this report."
        "Find out whether the suites that are needed are left.";
    WinhttpNoTls12 "winhttp-no-tls12" Warning
        "Programs that use WinHTTP and name no protocol do not offer TLS 1.2."
        "They cannot connect to a server that asks for it."
        "Set DefaultSecureProtocols so that it has TLS 1.2.";
    InternetSettingsNoTls12 "internet-settings-no-tls12" Warning
        "A policy sets the protocols of Internet Settings without TLS 1.2."
        "Windows in which a user signs in may fail."
        "Add TLS 1.2 to the policy.";
}

"Cipher suites" "https://learn.microsoft.com/windows-server/security/tls/manage-tls" {
    NoTls12Suite "no-tls12-suite" Warning
        "No cipher suite of TLS 1.2 is left."
        "TLS 1.2 is on, and cannot be used."
        "Put one back into the list.";
    NoTls13Suite "no-tls13-suite" Warning
        "No cipher suite of TLS 1.3 is left."
        "TLS 1.3 would be on, and cannot be used."
        "Put one back into the list.";
    KeySizeRefused "key-size-refused" Warning
        "The client refuses keys of the usual 2,048 bits."
        "Services with such keys, as most have, cannot be reached."
        "Lower ClientMinKeyBitLength to 2048 or less, or remove ClientMaxKeyBitLength.";
    NoEntraSuite "no-entra-suite" Warning
        "No cipher suite that Microsoft Entra ID accepts is left."
        "No connection to Microsoft Entra ID is possible."
        "Put one back into the list.";
    NoStrongSuite "no-strong-suite" Warning
        "No cipher suite is left to programs that ask for strong cryptography."
        ".NET programs cannot connect."
        "Put one back into the list.";
    CipherListBlank "cipher-list-blank" Warning
        "The policy's list of suites has blanks beside its commas."
        "Windows asks for commas alone; suites beside a blank may not be used."
        "Remove the blanks.";
    CipherListEmpty "cipher-list-empty" Warning
        "A list of suites holds no suite."
        "It is not known what Windows makes of it."
        "Remove the value, or write suites into it.";
    CipherListTooLong "cipher-list-too-long" Warning
        "The policy's list of suites is longer than Windows takes."
        "Suites beyond the limit may not be used."
        "Make the list shorter.";
    CipherListUnknownSuite "cipher-list-unknown-suite" Note
        "A list names a suite that this Windows does not have."
        "Windows ignores it, so fewer suites are left than are listed."
        "Find out whether another suite was meant.";
    CipherListWrongType "cipher-list-wrong-type" Warning
        "A list of suites has another type than Windows asks for."
        "It is not known what Windows makes of it."
        "Write it as REG_SZ (policy) or REG_MULTI_SZ (local).";
    CipherSwitchWrongType "cipher-switch-wrong-type" Warning
        "Enabled of a cipher, hash or key exchange is no REG_DWORD."
        "It is not known what Windows makes of it."
        "Write it as REG_DWORD.";
    CipherSwitchUndocumented "cipher-switch-undocumented" Warning
        "Enabled of a cipher, hash or key exchange is neither 0 nor 0xFFFFFFFF."
        "It is not documented what Windows makes of it."
        "Write 0xFFFFFFFF for on, or 0 for off.";
}

".NET" "https://learn.microsoft.com/dotnet/framework/network-programming/tls" {
    DotnetNoProtocolLeft "dotnet-no-protocol-left" Warning
        "The only protocols that .NET programs offer are off in Schannel."
        "These programs cannot connect."
        "Let .NET use the protocols of the system, or turn TLS 1.2 on.";
    DotnetAppContext "dotnet-app-context" Warning
        "An AppContext switch for all .NET 4 programs makes absent values mean off, or is neither true nor false."
        "At true, programs that name no protocol have SSL 3.0 and TLS 1.0; anything but true and false is ignored."
        "Remove the switch, or set both values of .NET to 1.";
    DotnetAppContextOn "dotnet-app-context-on" Note
        "An AppContext switch for all .NET 4 programs makes absent values mean on."
        "Programs that were built for older versions use what newer ones use."
        "Nothing, if that is wanted.";
    DotnetDowngraded "dotnet-downgraded" Warning
        "Both values of .NET 4 are 0."
        "Programs that name no protocol use SSL 3.0 and TLS 1.0 alone."
        "Set both to 1, or remove them where .NET 4.7 or later is installed.";
    DotnetManyOverrides "dotnet-many-overrides" Warning
        "More programs have settings of their own than are listed."
        "The others were not looked at."
        "Look at the key with `tlshive show`.";
    DotnetOddValue "dotnet-odd-value" Warning
        "A value of .NET is neither 0 nor 1."
        "Older versions of .NET take it as 0, newer ones as 1."
        "Write 1.";
    DotnetOverride "dotnet-override" Note
        "One .NET program has a setting of its own."
        "It does something else than the other programs of the machine."
        "Find out whether that is wanted.";
    DotnetOverrideEntraConnect "dotnet-override-entra-connect" Warning
        "The engine or the wizard of Microsoft Entra Connect has a setting of its own."
        "It does something else than the other programs of the machine."
        "Remove the setting.";
    DotnetOverridesUnreadable "dotnet-overrides-unreadable" Warning
        "The settings of single .NET programs cannot be read."
        "One that matters may be there."
        "Copy the hive again, or export the key again.";
    DotnetUnreadKey "dotnet-unread-key" Warning
        "A key looks like one of .NET's, and .NET never reads it."
        "What was to be set there is not set."
        "Write the key that the message names.";
    DotnetUnreadValue "dotnet-unread-value" Warning
        "A value looks like one of .NET's, and .NET never reads it."
        "What was to be set there is not set."
        "Write the name that the message gives.";
    DotnetValuesAboveRuntimes "dotnet-values-above-runtimes" Warning
        "The values stand in the key above v4.0.30319 and v2.0.50727."
        ".NET does not read them there."
        "Write them in those two keys.";
    DotnetViewsDiffer "dotnet-views-differ" Note
        "The settings of the 64-bit view and of the 32-bit view differ."
        "32-bit programs do something else than 64-bit ones."
        "Set both views.";
    DotnetWrongType "dotnet-wrong-type" Warning
        "A value of .NET is no REG_DWORD."
        ".NET ignores it, or it is not known what .NET makes of it."
        "Write it as REG_DWORD.";
}

"Products" "https://learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-version-history, https://learn.microsoft.com/lifecycle/products" {
    EntraConnectOutdated "entra-connect-outdated" Warning
        "The version of Microsoft Entra Connect has stopped synchronising, or was recalled."
        "Nothing is synchronised, or the installation is damaged."
        "Update Microsoft Entra Connect.";
    EntraConnectUnsupported "entra-connect-unsupported" Warning
        "Support of the version of Microsoft Entra Connect has ended."
        "There are no more fixes, and it may stop."
        "Update Microsoft Entra Connect.";
    EntraConnectOldDotnet "entra-connect-old-dotnet" Warning
        "The .NET Framework is older than the version of Microsoft Entra Connect needs."
        "Microsoft Entra Connect may fail."
        "Install the .NET Framework that the message names.";
    EntraAgentOutdated "entra-agent-outdated" Warning
        "An agent of Microsoft Entra is older than Microsoft asks for."
        "It may not reach its service over TLS 1.2."
        "Update the agent.";
    EntraConnectWindows "entra-connect-windows" Warning
        "Microsoft Entra Connect stands on a Windows that it does not support: before Server 2016, or Server 2025."
        "Microsoft does not support that."
        "Move it to a Windows that is supported.";
    EntraConnectEdition "entra-connect-edition" Note
        "Version 2 of Microsoft Entra Connect stands on Server Core, or on a client edition of Windows."
        "Microsoft does not support that."
        "Move it to a Windows Server with the full GUI.";
    EntraConnectVersions "entra-connect-versions" Note
        "There are uninstall entries of several versions of Microsoft Entra Connect."
        "It is not known which of them runs."
        "Look at the machine.";
    EntraConnectRemnant "entra-connect-remnant" Note
        "Entries of Microsoft Entra Connect are there, and it is not installed."
        "Rules about it do not apply."
        "Remove what is left of it.";
    WindowsUnsupported "windows-unsupported" Warning
        "Support of this Windows has ended."
        "It gets no more security updates."
        "Move to a Windows that is supported.";
}
}
