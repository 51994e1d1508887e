#!/usr/bin/env bash
# Volumes, disks, images and archives that independent programs made: tlshive finds in each the hives that were put in,
# byte for byte, and judges them as it judges the hives alone. Nothing is mounted, and no privileges are needed.
# shellcheck source=tests/peers/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PATH=$PATH:/usr/sbin:/sbin
for PYTHON in /usr/bin/python3 python3; do
    "$PYTHON" -c 'import hivex' 2>/dev/null && break
done
need "hivex for Python" python3-hivex "$PYTHON" -c 'import hivex'
need "a C compiler" gcc command -v gcc
need libntfs-3g ntfs-3g-dev test -e /usr/include/ntfs-3g/volume.h
need mkntfs ntfs-3g command -v mkntfs
need ntfscat ntfs-3g command -v ntfscat
need qemu-img qemu-utils command -v qemu-img
need qemu-io qemu-utils command -v qemu-io
need sgdisk gdisk command -v sgdisk
need parted parted command -v parted
need mkfs.fat dosfstools command -v mkfs.fat
need ewfacquire ewf-tools command -v ewfacquire
need ewfexport ewf-tools command -v ewfexport
need icat sleuthkit command -v icat
need 7z p7zip-full command -v 7z
need zip zip command -v zip
need zstd zstd command -v zstd
need mcopy mtools command -v mcopy
need fsck.exfat exfatprogs command -v fsck.exfat
need ldmtool ldmtool command -v ldmtool
need wimlib wimtools command -v wimcapture

peers=$repo/tests/peers
config=/Windows/System32/config
system=$config/SYSTEM
cd "$work" # all names below are of files in here

# run WHAT COMMAND…: a step of the recipe, whose failure is no finding about tlshive and ends the script.
run() {
    local what=$1
    shift
    "$@" >log 2>&1 && return
    fail "$what" "$(tail -n 3 log | tr '\n' ' ')"
    finish
}

sum() {
    local line
    line=$(sha256sum) # of standard input
    echo "${line%% *}"
}

# --- What is put in, and what tlshive says of it as it is.

declare -A statuses judged hashes
run "ntfsfill" gcc -O1 -Wall -o ntfsfill "$peers/ntfsfill.c" -lntfs-3g
for host in compliant disabled; do
    run "hives of $host" "$PYTHON" -B "$peers/image_hives.py" "$hosts/$host" "$host"
    audit "$host: the hives alone" "$host"
    statuses[$host]=$status judged[$host]=$findings
    for hive in SYSTEM SOFTWARE; do hashes[$host/$hive]=$(sum <"$host/$hive"); done
done
same "compliant: exit status" 0 "${statuses[compliant]}"
same "disabled: exit status" 1 "${statuses[disabled]}"

# look NAME HOST IMAGE [OPTION…]: tlshive against what was put in.
look() {
    local name=$1 host=$2 image=$3 hive out
    shift 3
    audit "$name: audit" --digest "$@" "$image"
    same "$name: exit status" "${statuses[$host]}" "$status"
    if [[ $findings == "${judged[$host]}" ]]; then
        ok "$name: findings"
    else
        fail "$name: findings" "they differ from those for the hives alone"
    fi
    out=$(python3 "$peers/image_inputs.py" <audit.json 2>/dev/null || true)
    for hive in SYSTEM SOFTWARE; do
        same "$name: digest of $hive" "${hashes[$host/$hive]}" \
            "$(awk -v hive="$hive" '$1 == hive { print $2 }' <<<"$out")"
        if "$TLSHIVE" show "$@" "$image" "HKLM\\$hive" --format raw 2>err | cmp -s - "$host/$hive"; then
            ok "$name: raw $hive"
        else
            fail "$name: raw $hive" "other bytes: $(head -n 1 err)"
        fi
    done
}

# peer NAME HOST COMMAND…: that another program reads SYSTEM the same way shows that the image is what it should be.
peer() {
    local name=$1 host=$2
    shift 2
    same "$name" "${hashes[$host/SYSTEM]}" "$("$@" 2>err | sum)"
}

# --- Volumes

# volume FILE SECTOR CLUSTER MIB [OPTION…] <COMMANDS: on a medium where each byte was in use before.
volume() {
    local file=$1 sector=$2 cluster=$3 size=$4
    shift 4
    head -c "${size}M" /dev/zero | tr '\0' '\345' >"$file"
    run "mkntfs $file" mkntfs -F -Q -q -L System -s "$sector" -c "$cluster" -p 2048 -H 255 -S 63 "$@" "$file"
    { printf 'mkdir %s\n' /Windows /Windows/System32 $config /Users && cat; } >commands
    run "ntfsfill $file" bash -c "./ntfsfill $file <commands"
}

files() { # HOST HOW
    printf '%s\n' "$2 $1/SYSTEM $system" "$2 $1/SOFTWARE $config/SOFTWARE"
}

icat_path() { # IMAGE PATH [OPTION…]
    local image=$1 path=$2
    shift 2
    icat "$@" "$image" "$(ifind "$@" -n "${path#/}" "$image")"
}

pieces() { # VOLUME OPTIONS: how many of a file's records have a part of its data
    ntfsinfo -f "${@:2}" "$1" 2>/dev/null | grep -c 'Dumping attribute $DATA ' || true
}

at_least() { # NAME LEAST FOUND
    if (($3 >= $2)); then ok "$1"; else fail "$1" "$3, which is fewer than $2"; fi
}

judge_volume() { # NAME HOST
    peer "$1: ntfscat" "$2" ntfscat -f "$1.ntfs" $system
    peer "$1: icat" "$2" icat_path "$1.ntfs" $system
    look "$1" "$2" "$1.ntfs"
}

for cluster in 512 4096 65536; do
    files compliant put | volume "ntfs-$cluster.ntfs" 512 $cluster 48
    judge_volume "ntfs-$cluster" compliant
    rm "ntfs-$cluster.ntfs"
done

files disabled put | volume ntfs-4kn.ntfs 4096 4096 48
judge_volume ntfs-4kn disabled # used again below

# A folder whose index is three levels deep, an $MFT whose runs take several records, and hives in some hundred pieces.
{
    printf '%s\n' 'mask 1' "many 3000 $config" unmask 'mask 8'
    files compliant put
    echo unmask
} | volume ntfs-pieces.ntfs 512 4096 64
at_least "ntfs-pieces: records with data of \$MFT" 3 "$(pieces ntfs-pieces.ntfs -i 0)"
at_least "ntfs-pieces: records with data of SYSTEM" 2 "$(pieces ntfs-pieces.ntfs -F $system)"
judge_volume ntfs-pieces compliant
rm ntfs-pieces.ntfs

{
    echo 'mask 64'
    files disabled put
    echo unmask
} | volume ntfs-512-pieces.ntfs 512 512 48
judge_volume ntfs-512-pieces disabled
rm ntfs-512-pieces.ntfs

# Compressed, contiguous and in pieces, with compression units of 64 KiB and of 8 KiB.
{
    echo "compress $config"
    files compliant put
} | volume ntfs-compressed.ntfs 512 4096 48
judge_volume ntfs-compressed compliant
rm ntfs-compressed.ntfs
{
    printf '%s\n' "compress $config" 'mask 8'
    files disabled put
    echo unmask
} | volume ntfs-compressed-pieces.ntfs 512 4096 64
judge_volume ntfs-compressed-pieces disabled
rm ntfs-compressed-pieces.ntfs
{
    echo "compress $config"
    files compliant put
} | volume ntfs-compressed-512.ntfs 512 512 48
judge_volume ntfs-compressed-512 compliant
rm ntfs-compressed-512.ntfs

# Holes; an end that was never written, where the clusters still hold what was there before; a second stream.
files compliant sparse | volume ntfs-sparse.ntfs 512 4096 48
judge_volume ntfs-sparse compliant
rm ntfs-sparse.ntfs
{
    files compliant short
    echo "stream disabled/SYSTEM $system"
} | volume ntfs-short.ntfs 512 4096 64
judge_volume ntfs-short compliant
rm ntfs-short.ntfs

# Names as old versions of Windows have them, another folder, and the copies that are no machine of their own.
printf '%s\n' 'mkdir /WINNT' 'mkdir /WINNT/system32' 'mkdir /WINNT/system32/CONFIG' \
    'put disabled/SYSTEM /WINNT/system32/CONFIG/system' 'put disabled/SOFTWARE /WINNT/system32/CONFIG/software' \
    'mkdir /WINNT/system32/CONFIG/RegBack' 'put compliant/SYSTEM /WINNT/system32/CONFIG/RegBack/SYSTEM' |
    volume ntfs-winnt.ntfs 512 4096 64
peer "ntfs-winnt: icat" disabled icat_path ntfs-winnt.ntfs /WINNT/system32/CONFIG/system
look ntfs-winnt disabled ntfs-winnt.ntfs
rm ntfs-winnt.ntfs

# As DiscUtils formats: neither the boot sector nor its copy ends with 55 aa. And each index is damaged, so that the MFT is
# searched, in which mkntfs leaves free records without a number.
{
    echo "many 300 $config"
    files compliant put
} | volume ntfs-unmarked.ntfs 512 4096 48
spoil='import re, sys; f = open(sys.argv[1], "r+b"); data = f.read()
for at in [510, len(data) - 2]: f.seek(at); f.write(bytes(2))
for found in re.finditer(b"INDX", data): found.start() % 4096 or (f.seek(found.start()), f.write(b"BAAD"))'
run "no 55 aa" python3 -c "$spoil" ntfs-unmarked.ntfs
look ntfs-unmarked compliant ntfs-unmarked.ntfs
rm ntfs-unmarked.ntfs

# --- Files that WOF compressed: packed by wimlib, in each of the four forms.

same "wof: wimlib unpacks what the recipe packs" 0 \
    "$(head -c 400000 compliant/SYSTEM >part && python3 "$peers/image_wof.py" --unpack part >log 2>&1 && echo 0 || tail -n 1 log)"
for form in 0 1 2 3; do
    run "wimlib $form" bash -c "for hive in SYSTEM SOFTWARE; do python3 '$peers/image_wof.py' $form compliant/\$hive \$hive.packed; done"
    for hive in SYSTEM SOFTWARE; do
        echo "wof $form $(stat -c %s compliant/$hive) $hive.packed $config/$hive"
    done | volume "ntfs-wof-$form.ntfs" 512 4096 48
    look "ntfs-wof-$form" compliant "ntfs-wof-$form.ntfs"
    rm "ntfs-wof-$form.ntfs" ./*.packed
done

# --- FAT and exFAT

for shape in "12 64 34" "16 4 58" "32 1 70"; do
    read -r bits cluster mib <<<"$shape"
    truncate -s "${mib}M" stick.fat
    run "mkfs.fat $bits" mkfs.fat -F "$bits" -n STICK -s "$cluster" stick.fat
    run "mtools $bits" bash -c "mmd -i stick.fat ::/Windows ::/Windows/System32 ::$config &&
        mcopy -i stick.fat compliant/SYSTEM compliant/SOFTWARE ::$config/"
    peer "fat$bits: mtools" compliant mcopy -n -i stick.fat "::$system" -
    peer "fat$bits: icat" compliant icat_path stick.fat $system
    look "fat$bits" compliant stick.fat
    rm stick.fat
done
for gap in 0 1; do
    made='import sys; sys.path.insert(0, sys.argv[1]); import fat, pathlib; at = pathlib.Path("disabled")
tree = {"Windows": {"System32": {"config": {hive: (at / hive).read_bytes() for hive in ("SYSTEM", "SOFTWARE")}}}}
pathlib.Path("stick.exfat").write_bytes(fat.exfat(tree, gap=int(sys.argv[2]), cluster=4096, count=16384))'
    run "exfat $gap" python3 -B -c "$made" "$repo/fixtures/recipe" "$gap"
    run "fsck.exfat $gap" fsck.exfat -n stick.exfat
    peer "exfat $gap: icat" disabled icat_path stick.exfat $system
    look "exfat $gap" disabled stick.exfat
    rm stick.exfat
done

# --- Dynamic disks: one named, the others beside it.

files compliant put | volume os.ntfs 512 4096 48
for make in simple spanned striped mirrored raid5; do
    run "dynamic $make" bash -c "python3 '$peers/image_dynamic.py' $make os.ntfs disk >group"
    disks=()
    for disk in disk-*.raw; do disks+=(-d "$disk"); done
    same "dynamic $make: ldmtool" "$make" \
        "$(ldmtool "${disks[@]}" show volume "$(cat group)" Volume1 2>err | sed -n 's/.*"type" : "\(.*\)".*/\L\1/p')"
    look "dynamic $make" compliant disk-1.raw
    rm disk-*.raw
done

# --- Disks

put() { # DISK VOLUME MIB
    dd if="$2" of="$1" bs=1M seek="$3" conv=notrunc,sparse status=none
}

truncate -s 8M esp.fat recovery.ntfs
run mkfs.fat mkfs.fat -n ESP esp.fat
run "mkntfs recovery" mkntfs -F -Q -q -L Recovery -p 2048 -H 255 -S 63 recovery.ntfs

gpt() { # DISK START_MIB: of the Windows volume
    local start=$2 end
    end=$((start + 48))
    rm -f "$1"
    truncate -s $((end + 9))M "$1"
    run "sgdisk $1" sgdisk -o -n 1:1M:+8M -t 1:ef00 -n 2:9M:+1M -t 2:0c01 -n "3:${start}M:+48M" -t 3:0700 \
        -n "4:${end}M:+8M" -t 4:2700 "$1"
    put "$1" esp.fat 1
    put "$1" os.ntfs "$start"
    put "$1" recovery.ntfs "$end"
}

gpt near.raw 10
peer "gpt: icat" compliant icat_path near.raw $system -o $((10 << 11))
look gpt compliant near.raw
look "gpt, by number" compliant near.raw --volume 3
look "gpt, by offset" compliant near.raw --offset 10485760

# With sectors of 4096 bytes; its volume is the other machine's.
truncate -s 64M gpt-4kn.raw
PARTED_SECTOR_SIZE=4096 run "parted gpt-4kn" parted -s gpt-4kn.raw mklabel gpt mkpart ESP fat32 1MiB 9MiB set 1 esp on \
    mkpart Windows ntfs 9MiB 57MiB
put gpt-4kn.raw esp.fat 1
put gpt-4kn.raw ntfs-4kn.ntfs 9
peer "gpt-4kn: icat" disabled icat_path gpt-4kn.raw $system -b 4096 -o $((9 << 8))
look gpt-4kn disabled gpt-4kn.raw
rm gpt-4kn.raw ntfs-4kn.ntfs

# Windows in the second of two logical partitions.
truncate -s 80M mbr.raw
run "parted mbr" parted -s mbr.raw mklabel msdos mkpart primary fat32 1MiB 9MiB mkpart extended 9MiB 79MiB \
    mkpart logical ntfs 10MiB 18MiB mkpart logical ntfs 20MiB 68MiB
put mbr.raw esp.fat 1
put mbr.raw recovery.ntfs 10
put mbr.raw os.ntfs 20
peer "mbr: icat" compliant icat_path mbr.raw $system -o $((20 << 11))
look mbr compliant mbr.raw
rm mbr.raw

# In pieces: each but the last ends within the volume.
split -b 15M -d -a 3 --numeric-suffixes=1 near.raw split.
peer "split raw: icat" compliant icat_path split.001 $system -o $((10 << 11))
look "split raw" compliant split.001
rm split.*

# --- Expert Witness images

ewf() { # NAME FIRST OPTION…
    local name=$1 first=$2
    shift 2
    run "ewfacquire $name" ewfacquire -u -q -t "$name" "$@" near.raw
    run "ewfexport $name" bash -c "ewfexport -u -q -f raw -t $name-out $first"
    peer "$name: ewfexport" compliant icat_path "$name-out.raw" $system -o $((10 << 11))
    peer "$name: icat" compliant icat_path "$first" $system -i ewf -o $((10 << 11))
    look "$name" compliant "$first"
    rm "$name"*
}

ewf e01 e01.E01 -f encase6 -c deflate:fast -S 2MiB # some segments
ewf e01-none e01-none.E01 -f encase5 -c deflate:none -S 16MiB
ewf e01-empty e01-empty.E01 -f encase6 -c deflate:empty-block -b 32
ewf smart smart.s01 -f smart -c deflate:fast

# --- Images of virtual machines: of a disk whose SYSTEM lies across the 4 GiB mark, which is where counts of 32 bits,
# extents of 2 GiB and the chunks of a VHDX end.

find='import sys; volume, hive = (open(name, "rb").read() for name in sys.argv[1:]); print(volume.find(hive))'
place=$(python3 -c "$find" os.ntfs compliant/SYSTEM)
at_least "SYSTEM lies in one piece" 1 "$place"
start=$((4096 - (place >> 20) - 2))
offset=$(((start << 20) + place)) # of SYSTEM on the disk
gpt far.raw $start
rm near.raw

out_of() { # FORMAT IMAGE: SYSTEM, as qemu-img and ntfscat read it
    rm -f part
    qemu-img dd -f "$1" -O raw bs=1M skip="$start" count=$((start + 48)) if="$2" of=part >/dev/null &&
        ntfscat -f part $system
}

zipped() { # IMAGE: likewise, as 7z reads it, which takes one layer at a time
    7z e -so "$1" '*.ntfs' >part && ntfscat -f part $system
}

# container NAME FORMAT IMAGE OPTIONS [OPTION…]
container() {
    local name=$1 format=$2 image=$3 options=$4
    shift 4
    run "qemu-img $name" qemu-img convert -O "$format" ${options:+-o "$options"} "$@" far.raw "$image"
    peer "$name: qemu-img" compliant out_of "$format" "$image"
    look "$name" compliant "$image"
}


# QCOW2: of both versions, each size of cluster, compressed, with subclusters, and with its data in a file of its own.
container qcow2 qcow2 a.qcow2 ''
peer "qcow2: 7z" compliant zipped a.qcow2
container "qcow2 version 2" qcow2 a.qcow2 compat=0.10
container "qcow2 4K" qcow2 a.qcow2 cluster_size=4k
container "qcow2 2M" qcow2 a.qcow2 cluster_size=2M
container "qcow2 zlib" qcow2 a.qcow2 '' -c
peer "qcow2 zlib: 7z" compliant zipped a.qcow2
container "qcow2 zstd" qcow2 a.qcow2 compression_type=zstd,cluster_size=512k -c
container "qcow2 subclusters" qcow2 a.qcow2 extended_l2=on,cluster_size=128k
container "qcow2 data file" qcow2 a.qcow2 data_file=a.data
container "qcow2 raw data file" qcow2 a.qcow2 data_file=b.data,data_file_raw=on
rm a.* b.*

# VMDK: all that hosted products write.
for kind in monolithicSparse monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat streamOptimized; do
    container "vmdk $kind" vmdk a.vmdk "subformat=$kind"
    peer "vmdk $kind: icat" compliant icat_path a.vmdk $system -i vmdk -o $((start << 11))
    rm a*.vmdk
done

container "vhd dynamic" vpc a.vhd subformat=dynamic,force_size=on
peer "vhd dynamic: icat" compliant icat_path a.vhd $system -i vhd -o $((start << 11))
peer "vhd dynamic: 7z" compliant zipped a.vhd
container "vhd fixed" vpc a.vhd subformat=fixed,force_size=on
peer "vhd fixed: icat" compliant icat_path a.vhd $system -i vhd -o $((start << 11))

container "vhdx fixed" vhdx a.vhdx subformat=fixed
peer "vhdx fixed: 7z" compliant zipped a.vhdx
container "vhdx dynamic" vhdx a.vhdx subformat=dynamic
container "vhdx 1M" vhdx a.vhdx subformat=dynamic,block_size=1M
peer "vhdx 1M: 7z" compliant zipped a.vhdx

# Its log holds what the image needs; qemu-img replays it in a copy.
zeros=$(python3 -c 'import sys; print(open(sys.argv[1], "rb").read().find(bytes(1 << 20)))' compliant/SYSTEM)
cleared=$(((offset + zeros + 0x10fff) & ~0xfff))
run "dirty VHDX" python3 -B "$peers/image_layers.py" dirty a.vhdx "$offset" "$cleared" 499712
cp --sparse=always a.vhdx replayed.vhdx
qemu-img check -q -r all replayed.vhdx >log 2>&1 || true
peer "vhdx with a log: qemu-img" compliant out_of vhdx replayed.vhdx
look "vhdx with a log" compliant a.vhdx
rm a.vhd a.vhdx replayed.vhdx

container "vdi dynamic" vdi a.vdi ''
peer "vdi dynamic: 7z" compliant zipped a.vdi
container "vdi static" vdi a.vdi static=on
rm a.vdi

# --- Images on other images: the parent has the hive's sectors damaged that the child has.

cp --sparse=always far.raw torn.raw
run tear python3 -B "$peers/image_layers.py" tear torn.raw "$offset" compliant/SYSTEM
below() { # IMAGE FORMAT [OPTIONS]: an image of the damaged disk
    run "qemu-img $1" qemu-img convert -O "$2" ${3:+-o "$3"} torn.raw "$1"
}
above() { # IMAGE FORMAT PARENT FORMAT: an image on it that has SYSTEM
    run "qemu-img $1" qemu-img create -q -f "$2" -b "$3" -F "$4" "$1"
    run "qemu-io $1" qemu-io -f "$2" -c "write -q -s compliant/SYSTEM $offset $(stat -c %s compliant/SYSTEM)" "$1"
}

below base.qcow2 qcow2 ''
above middle.qcow2 qcow2 base.qcow2 qcow2
run "qemu-img top.qcow2" qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2
peer "qcow2 of three layers: qemu-img" compliant out_of qcow2 top.qcow2
look "qcow2 of three layers" compliant top.qcow2
above top.qcow2 qcow2 torn.raw raw
peer "qcow2 on raw: qemu-img" compliant out_of qcow2 top.qcow2
look "qcow2 on raw" compliant top.qcow2
rm ./*.qcow2

below base.vmdk vmdk
above top.vmdk vmdk base.vmdk vmdk
peer "vmdk delta: qemu-img" compliant out_of vmdk top.vmdk
look "vmdk delta" compliant top.vmdk
rm ./*.vmdk

for kind in vhd vhdx; do
    if [[ $kind == vhd ]]; then below base.vhd vpc force_size=on; else below base.vhdx vhdx block_size=1M; fi
    run "$kind child" python3 -B "$peers/image_layers.py" "$kind" "base.$kind" "top.$kind" "$offset" compliant/SYSTEM
    peer "$kind child: 7z" compliant zipped "top.$kind"
    look "$kind child" compliant "top.$kind"
    rm ./*.$kind
done

# --- Archives: what collectors make of a machine, and of an image.

gpt near.raw 10
run "qemu-img near.vhdx" qemu-img convert -O vhdx near.raw near.vhdx
run "zip of an image" zip -q image.zip near.vhdx
7z e -so image.zip >part.vhdx 2>log || true
peer "image in a zip: 7z" compliant zipped part.vhdx
look "image in a zip" compliant image.zip
rm image.zip near.vhdx part.vhdx near.raw far.raw torn.raw os.ntfs

tree=C$config # as KAPE has it
mkdir -p "${tree%/*}"
cp -r disabled "$tree"
printf 'not a hive\n' >"C/Windows/notes.txt"

archive() { # FILE COMMAND…: the command makes it of C
    local file=$1
    shift
    run "$file" "$@"
    case $file in
    *.zip) peer "$file: 7z" disabled 7z e -so "$file" "$tree/SYSTEM" ;;
    *) peer "$file: tar" disabled tar -xOf "$file" "$tree/SYSTEM" ;;
    esac
    look "$file" disabled "$file"
    rm "$file"
}

archive deflated.zip zip -q -r deflated.zip C
archive stored.zip zip -q -0 -r stored.zip C
archive zip64.zip zip -q -fz -r zip64.zip C
archive streamed.zip bash -c 'zip -q -r - C | cat >streamed.zip' # sizes behind the data
archive 7z.zip 7z a -bso0 -bsp0 -tzip 7z.zip C
for format in gnu pax ustar oldgnu v7; do
    archive "$format.tar" tar --format="$format" -cf "$format.tar" C
done
archive collection.tar.gz tar -czf collection.tar.gz C
archive collection.tar.zst tar --zstd -cf collection.tar.zst C

# Velociraptor escapes what is no file name, and names the accessor that it read with.
for accessor in auto/C%3A 'ntfs/%5C%5C.%5CC%3A'; do
    name=velociraptor-${accessor%%/*}
    run "$name" python3 -B "$peers/image_velociraptor.py" "$name.zip" "uploads/$accessor" disabled
    peer "$name: 7z" disabled 7z e -so "$name.zip" "uploads/$accessor$config/SYSTEM"
    look "$name" disabled "$name.zip"
done

finish
