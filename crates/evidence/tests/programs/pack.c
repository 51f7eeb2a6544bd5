/* Puts a file into an NTFS volume as Windows packs it: an unnamed stream that is one hole as long
 * as the content, the packed content in a stream of its own, and a reparse point that tells how.
 *
 *     pack VOLUME NAME SIZE ALGORITHM PACKED
 */
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
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

static char packed[16 << 20];

static void fail(const char *what)
{
	fprintf(stderr, "pack: %s: %s\n", what, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	ntfschar *name = NULL, *stream = NULL;
	unsigned char point[] = {0x17, 0, 0, 0x80, 16, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
				 1,    0, 0, 0,    0,  0, 0, 0};
	if (argc != 6)
		return 2;
	point[20] = (unsigned char)atoi(argv[4]);
	ntfs_volume *volume = ntfs_mount(argv[1], 0);
	ntfs_inode *root = volume ? ntfs_inode_open(volume, FILE_root) : NULL;
	if (!root)
		fail("opening the volume");
	int name_len = ntfs_mbstoucs(argv[2], &name);
	int stream_len = ntfs_mbstoucs("WofCompressedData", &stream);
	ntfs_inode *file = ntfs_create(root, const_cpu_to_le32(0), name, (u8)name_len, S_IFREG);
	if (!file)
		fail("making the file");

	ntfs_attr *whole = ntfs_attr_open(file, AT_DATA, AT_UNNAMED, 0);
	if (!whole || ntfs_attr_force_non_resident(whole) || ntfs_attr_truncate(whole, atoll(argv[3])))
		fail("making the hole");
	ntfs_attr_close(whole);

	int in = open(argv[5], O_RDONLY);
	ssize_t len = in < 0 ? -1 : read(in, packed, sizeof packed);
	if (len < 0 || ntfs_attr_add(file, AT_DATA, stream, (u8)stream_len, NULL, 0))
		fail("adding the stream");
	ntfs_attr *inside = ntfs_attr_open(file, AT_DATA, stream, (u32)stream_len);
	if (!inside || ntfs_attr_pwrite(inside, 0, len, packed) != len)
		fail("writing the stream");
	ntfs_attr_close(inside);

	if (ntfs_set_ntfs_reparse_data(file, (const char *)point, sizeof point, 0))
		fail("setting the reparse point");
	if (ntfs_inode_close_in_dir(file, root) || ntfs_inode_close(root) || ntfs_umount(volume, FALSE))
		fail("closing");
	return 0;
}
