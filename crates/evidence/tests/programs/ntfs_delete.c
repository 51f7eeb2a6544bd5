/* Makes files in a folder of a fresh NTFS volume, deletes most of them through the driver's own
 * library, and makes others that take their MFT entries over. Prints the names deleted.
 *
 *     cc -o ntfs_delete ntfs_delete.c -lntfs-3g && ntfs_delete volume.raw
 */
#include <sys/stat.h>
#include <time.h>

#include <stdio.h>
#include <stdlib.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

#define FILES 200

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int name_of(int number, char *text, ntfschar **unicode)
{
	snprintf(text, 64, "holiday picture %03d.jpg", number);
	*unicode = NULL;
	return ntfs_mbstoucs(text, unicode);
}

static ntfs_inode *make(ntfs_volume *volume, u64 parent, const char *name, mode_t type)
{
	ntfschar *unicode = NULL;
	int length = ntfs_mbstoucs(name, &unicode);
	ntfs_inode *folder = ntfs_inode_open(volume, parent);
	ntfs_inode *made = folder ? ntfs_create(folder, const_cpu_to_le32(0), unicode, (u8)length, type) : NULL;
	if (!made || ntfs_inode_close(folder))
		fail(name);
	free(unicode);
	return made;
}

static u64 make_folder(ntfs_volume *volume, const char *name)
{
	ntfs_inode *made = make(volume, FILE_root, name, S_IFDIR);
	u64 number = made->mft_no;
	ntfs_inode_close(made);
	return number;
}

int main(int count, char **arguments)
{
	static char zeros[FILES + 1000];
	char name[64];
	ntfschar *unicode;
	int n, length;
	ntfs_volume *volume = count == 2 ? ntfs_mount(arguments[1], 0) : NULL;
	if (!volume)
		fail("mounting");
	u64 folder = make_folder(volume, "folder"), other = make_folder(volume, "other");
	for (n = 0; n < FILES; n++) {
		snprintf(name, sizeof name, "holiday picture %03d.jpg", n);
		ntfs_inode *file = make(volume, folder, name, S_IFREG);
		ntfs_attr *data = ntfs_attr_open(file, AT_DATA, AT_UNNAMED, 0);
		if (!data || ntfs_attr_pwrite(data, 0, 1000 + n, zeros) != 1000 + n)
			fail(name);
		ntfs_attr_close(data);
		ntfs_inode_close(file);
	}
	for (n = 0; n < FILES; n++) {
		if (n % 4 == 0)
			continue;
		length = name_of(n, name, &unicode);
		ntfs_inode *parent = ntfs_inode_open(volume, folder);
		u64 number = ntfs_inode_lookup_by_name(parent, unicode, length);
		ntfs_inode *file = ntfs_inode_open(volume, MREF(number));
		/* Closes both, whatever comes of it; some are refused. */
		if (file && !ntfs_delete(volume, NULL, file, parent, unicode, (u8)length))
			puts(name);
		free(unicode);
	}
	for (n = 0; n < 2 * FILES; n++) {
		snprintf(name, sizeof name, "new %03d", n);
		ntfs_inode_close(make(volume, other, name, S_IFREG));
	}
	return ntfs_umount(volume, FALSE) ? 1 : 0;
}
