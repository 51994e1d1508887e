/*
 * Fills an NTFS volume that lies in a file, without mounting it: ntfsfill VOLUME <COMMANDS
 *
 *   mkdir PATH          makes a folder
 *   compress PATH       what is made in this folder from here on is compressed (LZNT1)
 *   put FILE PATH       makes PATH with the bytes of FILE
 *   sparse FILE PATH    likewise, and blocks of zeros become holes
 *   short FILE PATH     likewise, and the zeros at the end are allocated, but never written
 *   stream FILE PATH    gives PATH a second stream with the bytes of FILE
 *   wof FORM SIZE FILE PATH  makes PATH as compact.exe /exe leaves a file of SIZE bytes that are packed in FILE; FORM as in
 *                       its reparse point: 0 XPRESS4K, 1 LZX, 2 XPRESS8K, 3 XPRESS16K
 *   many N PATH         makes N small files in this folder, whose names lie around those of hives
 *   mask N              takes each second run of N clusters, so that what is made from here on comes in pieces; for
 *                       files, N is a multiple of 8, since the library looks for bytes of the bitmap that are free
 *   unmask              gives them back
 *
 * Paths begin with a slash, and nothing has blanks in its name. All the work is libntfs-3g's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/types.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/volume.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/unistr.h>

enum how { PUT, SPARSE, SHORT };

/* A whole compression unit of 4 KiB clusters, so that each is written at once. */
#define BLOCK 65536

static ntfs_volume *volume;
static unsigned char *taken; /* the clusters that `mask` took, as a bitmap */

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *format, ...)
{
	const char *why = strerror(errno);
	va_list args;

	fputs("ntfsfill: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", why);
	exit(1);
}

static void *allocate(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		die("no memory for %zu bytes", size);
	return p;
}

/* The bytes of a file of this machine. */
static char *slurp(const char *name, size_t *size)
{
	struct stat st;
	FILE *file = fopen(name, "rb");
	char *bytes;

	if (!file || fstat(fileno(file), &st))
		die("%s", name);
	*size = st.st_size;
	bytes = allocate(*size);
	if (fread(bytes, 1, *size, file) != *size)
		die("%s: cannot read it", name);
	fclose(file);
	return bytes;
}

static ntfs_inode *find(const char *path)
{
	ntfs_inode *inode = ntfs_pathname_to_inode(volume, NULL, path);

	if (!inode)
		die("%s: not in the volume", path);
	return inode;
}

static void release(ntfs_inode *inode, const char *path)
{
	if (ntfs_inode_close(inode))
		die("%s: cannot close it", path);
}

static ntfs_inode *make_in(ntfs_inode *folder, const char *name, mode_t type)
{
	ntfschar *ucs = NULL;
	int len = ntfs_mbstoucs(name, &ucs);
	ntfs_inode *inode;

	if (len <= 0)
		die("%s: no name", name);
	inode = ntfs_create(folder, const_cpu_to_le32(0), ucs, len, type);
	if (!inode)
		die("%s: cannot make it", name);
	free(ucs);
	return inode;
}

static ntfs_inode *make(const char *path, mode_t type)
{
	const char *name = strrchr(path, '/');
	ntfs_inode *folder, *inode;
	char *above;

	if (!name)
		die("%s: not from the root", path);
	above = strndup(path, name == path ? 1 : name - path);
	folder = find(above);
	inode = make_in(folder, name + 1, type);
	release(folder, above);
	free(above);
	return inode;
}

static int zeros(const char *bytes, size_t size)
{
	return !size || (!*bytes && !memcmp(bytes, bytes + 1, size - 1));
}

static void write_all(ntfs_attr *attribute, s64 at, size_t size, const char *bytes)
{
	while (size) {
		s64 n = ntfs_attr_pwrite(attribute, at, size, bytes);

		if (n <= 0)
			die("cannot write at %lld", (long long)at);
		at += n;
		bytes += n;
		size -= n;
	}
}

static void put(const char *file, const char *path, enum how how)
{
	size_t size, at, end;
	char *bytes = slurp(file, &size);
	ntfs_inode *inode = make(path, S_IFREG);
	ntfs_attr *attribute = ntfs_attr_open(inode, AT_DATA, NULL, 0);

	if (!attribute)
		die("%s: no data", path);
	for (end = size; how == SHORT && end && !bytes[end - 1]; end--)
		;
	for (at = 0; at < end; at += BLOCK) {
		size_t n = end - at < BLOCK ? end - at : BLOCK;

		if (how != SPARSE || at + n == size || !zeros(bytes + at, n))
			write_all(attribute, at, n, bytes + at);
	}
	if (end < size && ntfs_attr_truncate_solid(attribute, size))
		die("%s: cannot lengthen it", path);
	if (NAttrCompressed(attribute) && ntfs_attr_pclose(attribute))
		die("%s: cannot end the compression", path);
	ntfs_attr_close(attribute);
	release(inode, path);
	free(bytes);
}

static void stream(const char *file, const char *path)
{
	size_t size;
	char *bytes = slurp(file, &size);
	ntfs_inode *inode = find(path);
	ntfschar *name = NULL;
	int len = ntfs_mbstoucs("other", &name);

	if (ntfs_attr_add(inode, AT_DATA, name, len, (const u8 *)bytes, size))
		die("%s: cannot add a stream", path);
	release(inode, path);
	free(name);
	free(bytes);
}

static void wof(int form, s64 size, const char *file, const char *path)
{
	/* Tag and length; version and provider of the filter; version and form of the provider. */
	unsigned char point[24] = { 0x17, 0, 0, 0x80, 16, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, form };
	size_t packed;
	char *bytes = slurp(file, &packed);
	ntfs_inode *inode = make(path, S_IFREG);
	ntfs_attr *attribute = ntfs_attr_open(inode, AT_DATA, NULL, 0);
	ntfschar *name = NULL;
	int len = ntfs_mbstoucs("WofCompressedData", &name);

	if (!attribute || ntfs_attr_truncate(attribute, size))
		die("%s: no hole", path);
	ntfs_attr_close(attribute);
	if (ntfs_attr_add(inode, AT_DATA, name, len, NULL, 0))
		die("%s: cannot add a stream", path);
	attribute = ntfs_attr_open(inode, AT_DATA, name, len);
	if (!attribute)
		die("%s: no stream", path);
	write_all(attribute, 0, packed, bytes);
	ntfs_attr_close(attribute);
	if (ntfs_set_ntfs_reparse_data(inode, (const char *)point, sizeof point, 0))
		die("%s: no reparse point", path);
	release(inode, path);
	free(name);
	free(bytes);
}

static void many(int count, const char *path)
{
	ntfs_inode *folder = find(path);
	char name[64];
	int i;

	for (i = 0; i < count; i++) {
		/* each third before, between and behind SOFTWARE and SYSTEM */
		snprintf(name, sizeof name, "%s-%06d.regtrans-ms", i % 3 ? i % 3 == 1 ? "SOFTWARE.x" : "zz" : "BCD", i);
		release(make_in(folder, name, S_IFREG), name);
	}
	release(folder, path);
}

static void compress(const char *path)
{
	ntfs_inode *folder = find(path);
	le32 flags = FILE_ATTR_COMPRESSED;

	if (ntfs_set_ntfs_attrib(folder, (const char *)&flags, sizeof flags, 0))
		die("%s: cannot be compressed", path);
	release(folder, path);
}

/* Sets (`run` clusters of each 2 * `run`) or clears what is taken of the volume's bitmap. */
static void mask(s64 run)
{
	ntfs_attr *bitmap = volume->lcnbmp_na;
	s64 size = bitmap->data_size, i;
	unsigned char *now = allocate(size);

	if (ntfs_attr_pread(bitmap, 0, size, now) != size)
		die("cannot read the bitmap");
	if (run > 0) {
		if (taken)
			die("masked already");
		taken = allocate(size);
		for (i = 0; i < volume->nr_clusters; i++)
			if (i / run % 2)
				taken[i / 8] |= 1 << i % 8 & ~now[i / 8];
		for (i = 0; i < size; i++)
			now[i] |= taken[i];
	} else {
		if (!taken)
			die("not masked");
		for (i = 0; i < size; i++)
			now[i] &= ~taken[i];
		free(taken);
		taken = NULL;
	}
	if (ntfs_attr_pwrite(bitmap, 0, size, now) != size)
		die("cannot write the bitmap");
	volume->full_zones = 0; /* the library's note of where it found nothing free */
	free(now);
}

int main(int argc, char **argv)
{
	char line[8192], what[16], first[2048], second[2048], third[2048], fourth[2048];

	if (argc != 2)
		die("usage: ntfsfill VOLUME <COMMANDS");
	volume = ntfs_mount(argv[1], 0);
	if (!volume)
		die("%s: not a volume", argv[1]);
	NVolSetCompression(volume);
	while (fgets(line, sizeof line, stdin)) {
		int n = sscanf(line, "%15s %2047s %2047s %2047s %2047s", what, first, second, third, fourth);

		if (n == 2 && !strcmp(what, "mkdir"))
			release(make(first, S_IFDIR), first);
		else if (n == 2 && !strcmp(what, "compress"))
			compress(first);
		else if (n == 3 && !strcmp(what, "put"))
			put(first, second, PUT);
		else if (n == 3 && !strcmp(what, "sparse"))
			put(first, second, SPARSE);
		else if (n == 3 && !strcmp(what, "short"))
			put(first, second, SHORT);
		else if (n == 3 && !strcmp(what, "stream"))
			stream(first, second);
		else if (n == 5 && !strcmp(what, "wof"))
			wof(atoi(first), atoll(second), third, fourth);
		else if (n == 3 && !strcmp(what, "many"))
			many(atoi(first), second);
		else if (n == 2 && !strcmp(what, "mask") && atoi(first) > 0)
			mask(atoi(first));
		else if (n == 1 && !strcmp(what, "unmask"))
			mask(0);
		else
			die("no command: %s", line);
	}
	if (taken)
		die("still masked");
	if (ntfs_umount(volume, FALSE))
		die("%s: cannot end", argv[1]);
	return 0;
}
