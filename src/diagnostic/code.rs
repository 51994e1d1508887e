//! What every diagnostic and every lint is called, and what its id stands for.

use std::fmt;

/// One table, so that no code is without its texts.
macro_rules! codes {
    ($($variant:ident $id:literal $what:literal $why:literal $next:literal;)*) => {
        /// A stable, lower-case identifier such as `reg-value-bad-dword`, for scripts and counts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $what] $variant,)*
        }

        impl Code {
            /// All of them, in the order of their ids within their areas.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The id.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it says.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// Why that matters.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* }
            }

            /// What to do.
            pub const fn next(self) -> &'static str {
                match self { $(Self::$variant => $next,)* }
            }
        }
    };
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

codes! {
    InternalError "internal-error"
        "The program failed at an input, by a mistake of its own."
        "The input was not judged."
        "Report the mistake with the message, and judge the other inputs without this one.";
    NoSuchFile "no-such-file"
        "A file that was named is not there."
        "No machine was judged from it."
        "Correct the name, or fetch the file.";
    NotAsNamed "not-as-named"
        "The content of a file is not what its name promises."
        "A machine that it stands for was not judged."
        "Copy or make the file again.";
    NotFollowed "not-followed"
        "Below a folder, a symbolic link, a pipe or a device is not looked at."
        "In a mounted image a link leads out of the evidence, and a pipe would wait."
        "Name it, if it is to be read.";
    SplitUnit "split-unit"
        "A list names more files of one folder than are looked at together."
        "Files of one machine may have been judged apart."
        "Name the folder instead of its files.";
    NotRecognised "not-recognised"
        "It is not known what a file is."
        "If it holds a machine, that machine was not judged."
        "See what the file is, and convert or unpack it if it holds a machine.";
    Archive "archive"
        "Something odd about an archive: its form, its times, how it was read."
        "Changes no answer."
        "There is nothing to do.";
    BackupLeftOut "backup-left-out"
        "Copies from an earlier day (RegBack, Windows.old, a shadow copy) were not read."
        "They show the machine as it was, not as it is."
        "--include-backups, or name the copy, to have it judged.";
    DynamicVolume "dynamic-volume"
        "Something about a volume of dynamic disks: read with another disk, an old database, neighbours not looked at."
        "A volume may be put together from old or missing pieces."
        "Give all disks of the group, from one moment, in one folder.";
    EmptyFile "empty-file"
        "A named file is empty."
        "A copy or an acquisition failed: no machine was judged from it."
        "Copy or make it again.";
    Image "image"
        "Something odd about a disk image or its partition table."
        "Changes no answer; says how the disk was read."
        "Nothing, or check the image against its source.";
    ImagePart "image-part"
        "The file is a part of another image and was read with it."
        "It is no machine of its own."
        "Name it to have it read by itself.";
    LogAlone "log-alone"
        "A transaction log without its hive."
        "A log says nothing alone; its hive is perhaps missing."
        "Give the hive that it belongs to.";
    LogRefused "log-refused"
        "A log was not applied, or not to its end."
        "The hive may show values that are older than the machine's."
        "Give the logs of the same moment, or take the judgement as that of the hive as it lies.";
    NestedArchive "nested-archive"
        "An archive inside an archive or an image is not read."
        "A machine in it was not judged."
        "Unpack it, and name it.";
    NestedImage "nested-image"
        "An image inside an image is not read."
        "A machine in it was not judged."
        "Copy it out, and name it.";
    NoDigest "no-digest"
        "The SHA-256 of an input cannot be computed."
        "The report cannot say which bytes it is about."
        "Read it again from a sound disk.";
    NoHive "no-hive"
        "A file called SYSTEM or SOFTWARE is empty, or no hive."
        "The machine that it stands for cannot be judged."
        "Copy it again.";
    NoPartitions "no-partitions"
        "A partition table without partitions."
        "Nothing of the disk was judged."
        "See whether the disk is the right one, and was copied whole.";
    NotAPair "not-a-pair"
        "The only SYSTEM and the only SOFTWARE of a folder are judged apart."
        "Each is judged without the other: much stays unknown."
        "--join, if they are of one machine.";
    NotARegistryFile "not-a-registry-file"
        "A named file is nothing that is judged."
        "It was given, and not judged."
        "Give the hive, the export, the image or the archive.";
    NotLookedInto "not-looked-into"
        "A part of a volume could not be looked into."
        "Something may be missing: a policy, a copy."
        "See the reason; name the file, copied out, if it matters.";
    OtherHive "other-hive"
        "A hive, but neither SYSTEM nor SOFTWARE."
        "It says nothing about TLS of the machine."
        "There is nothing to do.";
    PolicyFolder "policy-folder"
        "A folder of Group Policy cannot be read."
        "What policy sets is not known."
        "Make it readable, or name its files.";
    UnreadableInput "unreadable-input"
        "An input cannot be read, or not to its end, or is of a kind that is not read."
        "Machines in it were not judged: exit status 3."
        "What the message says: copy it again, convert or unpack it, decrypt it.";
    VolumeFile "volume-file"
        "A file in the root folder of a volume was not looked into."
        "It is hardly about a machine."
        "Copy it out and name it, if it is.";
    VolumeNotRead "volume-not-read"
        "A volume was not looked into, beside one with Windows."
        "Another Windows could be in it."
        "Decrypt it, or name what is in it.";
    VolumeSkipped "volume-skipped"
        "A volume that Windows is not started from."
        "It changes no answer."
        "There is nothing to do.";
    WindowsVolume "windows-volume"
        "The folder of a Windows volume: its installations alone were read."
        "Other hives and .reg files below it were not."
        "Name a folder below it to have all of that read.";
    CrossCheckDisagrees "cross-check-disagrees"
        "The second reader of hives gives another answer for a value that decided a rule."
        "One of two readers is wrong: the verdict is in doubt."
        "Look at the value with a third tool, and report the hive's case.";
    WaiverExpired "waiver-expired"
        "A waiver is past its last day, and was not applied."
        "Failures that it covered count again."
        "Renew it, or fix the machine.";
    WaiverUnused "waiver-unused"
        "A waiver covers no failing finding."
        "It may be misspelled, or no longer needed."
        "Correct or remove it.";
    MoreDiagnostics "more-diagnostics"
        "One file had more diagnostics than are kept."
        "The rest is counted alone."
        "Mend the first ones, and read it again.";
    OverlayLarge "overlay-large"
        "An overlay changes more keys than are looked at beyond those of the rules."
        "A change elsewhere, led there by a link, is not seen."
        "Cut the file down to what is about TLS.";
    OverlayUnreadable "overlay-unreadable"
        "What the import of a file changes cannot be told."
        "The machine after the import is not known."
        "Mend the file.";
    PolicyFileOtherRoot "policy-file-other-root"
        "Changes outside HKEY_LOCAL_MACHINE."
        "Not looked at: they are no machine settings."
        "There is nothing to do.";
    PolicyFileOwner "policy-file-owner"
        "Whether a Registry.pol is the machine's or a user's is not known."
        "Its changes stay in doubt."
        "--registry-pol machine or user.";
    PolicyFileStopped "policy-file-stopped"
        "A policy file is not read to its end."
        "What it sets is not known."
        "Copy it again, or make it anew.";
    PolicyFileUser "policy-file-user"
        "A user's Registry.pol."
        "It changes nothing of the machine."
        "--registry-pol machine, if it is the machine's.";
    GppDisabled "gpp-disabled"
        "An item of registry preferences is disabled."
        "It does nothing."
        "There is nothing to do.";
    GppDoubt "gpp-doubt"
        "An item whose effect depends on something that is not known."
        "What it changes stays in doubt."
        "See the reason that the message gives.";
    GppItem "gpp-item"
        "An item that cannot be told."
        "What the file changes is not known."
        "Mend the item.";
    GppTargeting "gpp-targeting"
        "Item-level targeting decides whether an item is done."
        "Depends on the client: in doubt."
        "Look at the filter, and at the client.";
    GppUnknownElement "gpp-unknown-element"
        "An element that is no part of registry preferences."
        "It was not read."
        "See whether the file is what it is taken for.";
    PolDoubt "pol-doubt"
        "A record whose effect depends on what is there."
        "In doubt."
        "See the reason that the message gives.";
    PolNoKey "pol-no-key"
        "A record without a key."
        "Does nothing."
        "Mend the file.";
    PolSecureKey "pol-secure-key"
        "Who may access a key is changed."
        "Not looked at; changes no value."
        "There is nothing to do.";
    Reg32BitView "reg-32-bit-view"
        "Exported by a 32-bit program: what stands below SOFTWARE is WOW6432Node's, or Windows is 32-bit."
        ".NET values are of the other view than they look."
        "Export again with 64-bit regedit (reg export … /reg:64).";
    RegDwordSize "reg-dword-size"
        "A REG_DWORD that has not four bytes."
        "Stored as it is, but no number to what reads it."
        "Give four bytes.";
    RegHalfUnit "reg-half-unit"
        "Half a UTF-16 unit ends the file."
        "The file is perhaps cut off."
        "Compare with its source.";
    RegHashAfterData "reg-hash-after-data"
        "# after data: no comment."
        "regedit skips the line: the setting that it was to make is not made."
        "Use ;.";
    RegHeaderIgnored "reg-header-ignored"
        "A header that starts with REGEDIT, but is not REGEDIT4."
        "Regedit reports success and imports nothing."
        "Write Windows Registry Editor Version 5.00.";
    RegHexBadByte "reg-hex-bad-byte"
        "Hex data that is no bytes between commas."
        "regedit skips the line: the setting that it was to make is not made."
        "Mend the bytes.";
    RegHexNoComma "reg-hex-no-comma"
        "A backslash without a comma before it."
        "regedit skips the line: the setting that it was to make is not made."
        ",\\ at the end of the line.";
    RegHexTextAfterBackslash "reg-hex-text-after-backslash"
        "Text after the backslash."
        "regedit skips the line: the setting that it was to make is not made."
        "End the line with it.";
    RegImportMounted "reg-import-mounted"
        "Keys of a mounted hive: an import writes there."
        "The machine's own SYSTEM and SOFTWARE stay as they are."
        "Write HKEY_LOCAL_MACHINE\\SYSTEM or \\SOFTWARE.";
    RegJunkLine "reg-junk-line"
        "No key, value or comment."
        "regedit skips the line: the setting that it was to make is not made."
        "Mend or remove the line.";
    RegKeyAbbreviatedRoot "reg-key-abbreviated-root"
        "HKLM and the like."
        "The key and its values are skipped."
        "Write HKEY_LOCAL_MACHINE.";
    RegKeyBlankAfterBracket "reg-key-blank-after-bracket"
        "A blank after [."
        "The line is skipped, values below go to the key before."
        "Remove the blank.";
    RegKeyNotDeletable "reg-key-not-deletable"
        "A root is to be deleted."
        "regedit skips the line: the setting that it was to make is not made."
        "Name a key below it.";
    RegKeyTooLarge "reg-key-too-large"
        "Deeper, or with longer names, than Windows has keys."
        "The key and its values are skipped."
        "Mend the path.";
    RegKeyUnclosed "reg-key-unclosed"
        "No ]."
        "The line is skipped, values below go to the key before."
        "Close it.";
    RegKeyUnknownRoot "reg-key-unknown-root"
        "No known root."
        "The key and its values are skipped."
        "Write a whole root.";
    RegKeyWithoutRoot "reg-key-without-root"
        "Keys start with a backslash, as hivexregedit writes them."
        "Regedit skips them."
        "Give a prefix (hivexregedit --prefix).";
    RegLineAfterComma "reg-line-after-comma"
        "The line before ends in a comma without a backslash."
        "This line is skipped, the value is shorter."
        "Put the backslash.";
    RegLineSwallowed "reg-line-swallowed"
        "Lost with the value that was to go on here."
        "A setting is lost."
        "Mend the line before.";
    RegListLine "reg-list-line"
        "A list item, as documentation prints it."
        "regedit skips the line: the setting that it was to make is not made."
        "Take away the bullet.";
    RegNameUnclosed "reg-name-unclosed"
        "The name's closing quote is missing."
        "regedit skips the line: the setting that it was to make is not made."
        "Close it.";
    RegNoHeader "reg-no-header"
        "No header of a registry script."
        "Regedit refuses the file: nothing is set."
        "Write Windows Registry Editor Version 5.00 as the first line.";
    RegStopped "reg-stopped"
        "Not read to its end: a limit, or an error of the disk."
        "What follows is not known."
        "See the reason that the message gives.";
    RegStringNul "reg-string-nul"
        "A string with \\0."
        "regedit skips the line: the setting that it was to make is not made."
        "Write it as hex(1).";
    RegStringUnclosed "reg-string-unclosed"
        "The string's closing quote is missing."
        "regedit skips the line: the setting that it was to make is not made."
        "Close it.";
    RegTextAfterData "reg-text-after-data"
        "Text after the data."
        "regedit skips the line: the setting that it was to make is not made."
        "Remove it.";
    RegTextAfterKey "reg-text-after-key"
        "Text after a key on its line."
        "regedit skips the line: the setting that it was to make is not made."
        "Give values lines of their own.";
    RegUtf16be "reg-utf16be"
        "UTF-16 with the high byte first."
        "Regedit refuses the file."
        "Save it as UTF-16LE.";
    RegUtf8Bom "reg-utf8-bom"
        "UTF-8 with a byte order mark."
        "Regedit may refuse the file."
        "Save it as UTF-16LE.";
    RegUtf8Unmarked "reg-utf8-unmarked"
        "A line read as UTF-8, though nothing says so."
        "Regedit reads it in the ANSI code page."
        "Save it as UTF-16LE, or name the code page.";
    RegValueBadDeletion "reg-value-bad-deletion"
        "Text after -."
        "regedit skips the line: the setting that it was to make is not made."
        "Remove it.";
    RegValueBadDword "reg-value-bad-dword"
        "A dword that is not one to eight hexadecimal digits."
        "regedit skips the line: the setting that it was to make is not made."
        "Mend it.";
    RegValueBadHexType "reg-value-bad-hex-type"
        "A type in hex(type): that is no number."
        "regedit skips the line: the setting that it was to make is not made."
        "Mend it.";
    RegValueBroken "reg-value-broken"
        "A value whose next line is refused, or no hex data."
        "The value is lost."
        "Mend the line that it names.";
    RegValueNoEquals "reg-value-no-equals"
        "No = after the name."
        "regedit skips the line: the setting that it was to make is not made."
        "Write it.";
    RegValueUnknownData "reg-value-unknown-data"
        "Data of no known form."
        "regedit skips the line: the setting that it was to make is not made."
        "Mend it.";
    RegValueWithoutKey "reg-value-without-key"
        "No key is open here."
        "regedit skips the line: the setting that it was to make is not made."
        "Put the key above it.";
    RegValueWrongCase "reg-value-wrong-case"
        "DWORD:, HEX:."
        "regedit skips the line: the setting that it was to make is not made."
        "Write them in small letters.";
    RegWindows31 "reg-windows-31"
        "A Windows 3.1 file."
        "Sets default values below HKEY_CLASSES_ROOT alone."
        "Nothing, or write a new header.";
    RegWine "reg-wine"
        "A registry file of Wine."
        "Regedit refuses it."
        "Nothing, or export it.";
    CipherListBlank "cipher-list-blank"
        "Blanks beside commas in the policy's list of suites."
        "Windows asks for commas alone; those suites may not be read."
        "Remove the blanks.";
    CipherListEmpty "cipher-list-empty"
        "A list of suites without a suite."
        "What Windows makes of it is not known."
        "Remove the value, or fill it.";
    CipherListTooLong "cipher-list-too-long"
        "The policy's list is longer than Windows takes."
        "Suites past the limit may not be used."
        "Shorten it.";
    CipherListUnknownSuite "cipher-list-unknown-suite"
        "A suite that this Windows does not have."
        "It is ignored: fewer suites are left than listed."
        "See whether one that it has was meant.";
    CipherListWrongType "cipher-list-wrong-type"
        "The list has a type that is not asked for."
        "What Windows makes of it is not known."
        "Write it as REG_SZ (policy) or REG_MULTI_SZ (local).";
    CipherSwitchWrongType "cipher-switch-wrong-type"
        "Enabled of a cipher, hash or key exchange is no REG_DWORD."
        "What Windows makes of it is not known."
        "Write it as REG_DWORD.";
    ControlSetUnread "control-set-unread"
        "SYSTEM has a key CurrentControlSet of its own."
        "It is never read: what was imported there has no effect."
        "Import into the set of Select\\Current.";
    DotnetNoProtocolLeft "dotnet-no-protocol-left"
        "The only protocols that .NET programs offer are off in Schannel."
        "These programs cannot connect."
        "Let .NET use the protocols of the system, or turn TLS 1.2 on.";
    SchannelNoProtocolLeft "schannel-no-protocol-left"
        "Every protocol of TLS is off on this side."
        "No program that uses Schannel can connect."
        "Turn TLS 1.2 on.";
    CipherSwitchUndocumented "cipher-switch-undocumented"
        "Enabled of a cipher, hash or key exchange is neither 0 nor 0xFFFFFFFF."
        "What Windows makes of it is not documented."
        "Write 0xFFFFFFFF for on, or 0 for off.";
    DotnetDowngraded "dotnet-downgraded"
        "Both values of .NET 4 are 0."
        "Programs that name no protocol have SSL 3.0 and TLS 1.0."
        "Set both to 1, or remove them on .NET 4.7 and later.";
    DotnetManyOverrides "dotnet-many-overrides"
        "More programs have settings of their own than are listed."
        "The rest is not seen."
        "Look at the key with show.";
    DotnetOddValue "dotnet-odd-value"
        "A value of .NET that is neither 0 nor 1."
        "Older programs read 0, newer ones 1."
        "Write 1.";
    DotnetOverride "dotnet-override"
        "One .NET program has a setting of its own."
        "It does something else than the machine."
        "See whether it is wanted.";
    DotnetOverrideEntraConnect "dotnet-override-entra-connect"
        "The sync engine or the wizard has one."
        "Entra Connect does something else than the machine."
        "Remove the override.";
    DotnetOverridesUnreadable "dotnet-overrides-unreadable"
        "Settings of single programs cannot be read."
        "One may be there."
        "Export the key anew.";
    DotnetUnreadKey "dotnet-unread-key"
        "A key that .NET never reads."
        "What was meant is not set."
        "Write the key that the message names.";
    DotnetUnreadValue "dotnet-unread-value"
        "A value that .NET never reads."
        "What was meant is not set."
        "Write the name that the message gives.";
    DotnetValuesAboveRuntimes "dotnet-values-above-runtimes"
        "The values stand above v4.0.30319 and v2.0.50727."
        ".NET does not read them there."
        "Write them in those keys.";
    DotnetViewsDiffer "dotnet-views-differ"
        "The 64-bit and the 32-bit view differ."
        "Programs of one of them do something else."
        "Set both.";
    DotnetWrongType "dotnet-wrong-type"
        "A value of .NET is no REG_DWORD."
        ".NET ignores it, or what it does is not known."
        "Write it as REG_DWORD.";
    EntraConnectEdition "entra-connect-edition"
        "Version 2 on Server Core or a client edition."
        "Not supported by Microsoft."
        "Move it to a Windows Server with the full GUI.";
    EntraConnectOutdated "entra-connect-outdated"
        "A version whose support ended, or that fails."
        "Sync may stop, or has stopped."
        "Update Entra Connect.";
    EntraConnectRemnant "entra-connect-remnant"
        "Remnants of Entra Connect."
        "It is not installed, though its entries are there."
        "Remove them.";
    EntraConnectVersions "entra-connect-versions"
        "Uninstall entries of several versions."
        "Which one runs is not known."
        "Look at the machine.";
    EntraConnectWindows "entra-connect-windows"
        "Version 2 on a Windows before Server 2016."
        "Not supported."
        "Move it.";
    FipsOn "fips-on"
        "FIPS mode is on."
        "Takes suites and curves away that are not counted."
        "See whether the suites that are needed are left.";
    InternetSettingsNoTls12 "internet-settings-no-tls12"
        "A policy sets Internet Settings without TLS 1.2."
        "Sign-in windows may fail."
        "Add TLS 1.2 to the policy.";
    NoEntraSuite "no-entra-suite"
        "No suite that Entra ID accepts is left."
        "No connection to Entra ID."
        "Put one back.";
    NoStrongSuite "no-strong-suite"
        "No suite is left to programs that ask for strong cryptography."
        ".NET programs do not connect."
        "Put one back.";
    NoTls12Suite "no-tls12-suite"
        "No suite of TLS 1.2 is left."
        "TLS 1.2 is on and cannot be used."
        "Put one back.";
    NoTls13Suite "no-tls13-suite"
        "TLS 1.3 would be on, and no suite of it is left."
        "It cannot be used."
        "Put one back.";
    SchannelContradiction "schannel-contradiction"
        "Enabled=0 with DisabledByDefault=0."
        "Enabled=0 wins: the protocol is off."
        "Set both as meant.";
    SchannelNonCanonical "schannel-non-canonical"
        "A number other than 0 and 1."
        "Means the same as 1."
        "Write 1.";
    SchannelNotSupported "schannel-not-supported"
        "A protocol is enabled that this Windows does not have."
        "\"not a safe system configuration\" (Microsoft)."
        "Remove the key.";
    SchannelSidesDiffer "schannel-sides-differ"
        "Client and server differ."
        "Perhaps one was forgotten."
        "Set both as meant.";
    SchannelUnreadKey "schannel-unread-key"
        "A key that Windows never reads."
        "What was meant is not set."
        "Write the key that the message names.";
    SchannelUnreadValue "schannel-unread-value"
        "A value that Windows never reads."
        "What was meant is not set."
        "Write the name that the message gives.";
    SchannelValuesAboveSides "schannel-values-above-sides"
        "Values stand in the protocol itself."
        "Windows reads them in Client and Server alone."
        "Write them there.";
    SchannelWrongType "schannel-wrong-type"
        "A value of Schannel is no REG_DWORD."
        "What Windows makes of it is not known."
        "Write it as REG_DWORD.";
    Tls13OnUnsupportedOs "tls13-on-unsupported-os"
        "TLS 1.3 is enabled on a Windows that does not have it."
        "\"not a safe system configuration\" (Microsoft)."
        "Remove the key.";
    Tls13Only "tls13-only"
        "TLS 1.3 is the only current protocol of the client."
        "Entra ID asks for TLS 1.2."
        "Enable TLS 1.2.";
    WindowsUnsupported "windows-unsupported"
        "Extended support of this Windows ended."
        "No more fixes."
        "Move to a supported one.";
    WinhttpNoTls12 "winhttp-no-tls12"
        "Programs on WinHTTP that name no protocol do not offer TLS 1.2."
        "They do not connect."
        "Set DefaultSecureProtocols with TLS 1.2.";
}
