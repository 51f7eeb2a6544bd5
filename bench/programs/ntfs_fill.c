/* Copies a tree of two levels (folders of files) into a fresh NTFS volume in a file, without root:
 * what ntfscp does file by file in minutes, and the folders that it does not make.
 *
 *     cc -O2 -o ntfs_fill ntfs_fill.c -lntfs-3g
 *     mkntfs -F -q -s 512 -p 0 volume.raw && ntfs_fill volume.raw tree
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

static char buffer[1 << 20];

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "ntfs_fill: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static ntfs_inode *create(ntfs_inode *parent, const char *name, mode_t type)
{
	ntfschar *unicode = NULL;
	int length = ntfs_mbstoucs(name, &unicode);
	if (length < 0)
		fail("naming", name);
	ntfs_inode *made = ntfs_create(parent, const_cpu_to_le32(0), unicode, (u8)length, type);
	if (!made)
		fail("making", name);
	free(unicode);
	return made;
}

static void fill(ntfs_inode *file, const char *path)
{
	int in = open(path, O_RDONLY);
	ntfs_attr *data = ntfs_attr_open(file, AT_DATA, AT_UNNAMED, 0);
	s64 at = 0;
	ssize_t got = 0;
	if (in < 0 || !data)
		fail("opening", path);
	while ((got = read(in, buffer, sizeof buffer)) > 0) {
		if (ntfs_attr_pwrite(data, at, got, buffer) != got)
			fail("writing", path);
		at += got;
	}
	if (got < 0)
		fail("reading", path);
	ntfs_attr_close(data);
	close(in);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void copy(ntfs_inode *folder, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, shown, by_name);
	if (count < 0)
		fail("listing", path);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char below[4096];
		struct stat about;
		snprintf(below, sizeof below, "%s/%s", path, name);
		if (lstat(below, &about))
			fail("looking at", below);
		int is_folder = S_ISDIR(about.st_mode);
		ntfs_inode *made = create(folder, name, is_folder ? S_IFDIR : S_IFREG);
		if (is_folder)
			copy(made, below);
		else
			fill(made, below);
		if (ntfs_inode_close_in_dir(made, folder))
			fail("closing", below);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: ntfs_fill VOLUME TREE\n");
		return 2;
	}
	ntfs_volume *volume = ntfs_mount(argv[1], 0);
	if (!volume)
		fail("opening the volume in", argv[1]);
	ntfs_inode *root = ntfs_inode_open(volume, FILE_root);
	if (!root)
		fail("opening the root of", argv[1]);
	copy(root, argv[2]);
	if (ntfs_inode_close(root) || ntfs_umount(volume, FALSE))
		fail("closing", argv[1]);
	return 0;
}
