/*
 * A flat, C-only view of the parts of libtsk that Pendeen uses.
 *
 * In: a read callback over one volume. Out: the file system's facts, directories name by
 * name, each file's attributes and block runs, an attribute's content as `icat` gives it,
 * and whether blocks are allocated. Nothing here keeps state beyond the handles it returns,
 * and nothing is called from more than one thread.
 *
 * Every function that can fail writes a message, NUL-terminated, into `pt_fs.message`.
 */
#ifndef PENDEEN_TSK_SHIM_H
#define PENDEEN_TSK_SHIM_H

#include <stddef.h>
#include <stdint.h>

#define PT_MESSAGE_LEN 1024

/* Fills `buffer` from its beginning: the number of bytes, or -1 if not even a sector could be
 * read. Less than `len` only if what follows cannot be read. */
typedef int64_t (*pt_read_fn)(void *context, uint64_t offset, uint8_t *buffer, size_t len);

/* Takes a piece of content in order; 0 to go on, 1 to stop. */
typedef int (*pt_sink_fn)(void *context, const uint8_t *bytes, size_t len);

typedef struct pt_fs pt_fs;
typedef struct pt_dir pt_dir;

typedef struct {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t root_address;
    uint64_t orphan_address;
    uint64_t last_address;
    uint64_t block_count;
    uint64_t last_block;
    uint64_t last_block_present;
    uint32_t block_size;
    uint32_t block_pre_size;
    uint32_t block_post_size;
} pt_info;

typedef struct {
    int64_t seconds;
    uint32_t nanoseconds;
} pt_time;

#define PT_RECORDED_LEN 7

typedef struct {
    const char *name;
    size_t name_len;
    uint64_t address;
    uint32_t name_type;
    uint32_t name_flags;
    uint32_t has_meta;
    uint32_t meta_type;
    uint32_t meta_flags;
    int64_t meta_size;
    uint32_t default_attribute;
    /* Whether the metadata itself holds the target of a link. */
    uint32_t has_link;
    pt_time created;
    pt_time modified;
    pt_time accessed;
    pt_time changed;
    /* Whether `recorded` is the date and time of an ISO 9660 directory record. */
    uint32_t has_recorded;
    uint8_t recorded[PT_RECORDED_LEN];
} pt_name;

typedef struct {
    const void *handle;
    const char *name;
    size_t name_len;
    uint32_t type;
    uint32_t id;
    uint32_t flags;
    uint32_t skip_len;
    int64_t size;
    int64_t init_size;
} pt_attribute;

typedef struct {
    const void *handle;
    uint64_t offset;
    uint64_t address;
    uint64_t len;
    uint32_t flags;
} pt_run;

/* What pt_fs_open says when it returns no handle. */
enum { PT_OPEN_UNRECOGNISED = 1, PT_OPEN_ENCRYPTED = 2, PT_OPEN_FAILED = 3 };

const char *pt_version(void);

/* `context` must outlive the handle. On failure null, with the kind and a message. */
pt_fs *pt_fs_open(void *context, pt_read_fn read, uint64_t size, uint32_t sector_size,
                  int *kind, char *message, size_t message_len);
void pt_fs_close(pt_fs *fs);
void pt_fs_info(const pt_fs *fs, pt_info *out);
const char *pt_fs_message(const pt_fs *fs);

/* Reads the volume through the library's cache, whole or not at all. 0 or -1. */
int pt_fs_read(pt_fs *fs, uint64_t offset, uint8_t *out, size_t len);

/* Remembers that an unallocated metadata address has a name, so that it is no orphan. 0 or -1. */
int pt_fs_note_named(pt_fs *fs, uint64_t address);

/* 1 if any of the blocks is allocated, 0 if none is. Asks every `step`th block (at least 1) and
 * raises `checked` for each, until that reaches `most`. */
int pt_fs_any_allocated(pt_fs *fs, uint64_t block, uint64_t len, uint64_t step, uint64_t *checked,
                        uint64_t most);

/* How many blocks from `block` on, up to `end`, are allocated or not as `block` is; `allocated`
 * says which. Asks every `step`th block (at least 1), and stops after about `most` questions. */
uint64_t pt_fs_same_allocation(pt_fs *fs, uint64_t block, uint64_t end, uint64_t step,
                               uint64_t most, int *allocated);

/* Whether the NTFS stream with this id is one hole beside a stream of the name given that holds its
 * content in another form, as a reparse point tells. Then 1, with the first bytes of the reparse point
 * (up to `reparse_len`, which becomes their number), the size of the content and the id of the other
 * stream; else 0. */
int pt_fs_packed(pt_fs *fs, uint64_t address, uint32_t id, const char *stream, uint8_t *reparse,
                 size_t *reparse_len, uint64_t *size, uint32_t *stream_id);

/* Sends the content to `sink`. `has_type` 0 means the default attribute, or the target of a link
 * whose metadata holds it. 0, or -1 if it broke off. */
int pt_fs_cat(pt_fs *fs, uint64_t address, int has_type, uint32_t type, uint32_t id,
              pt_sink_fn sink, void *context);

/* With names and a message: only part of the directory could be read. */
pt_dir *pt_dir_open(pt_fs *fs, uint64_t address);
void pt_dir_close(pt_dir *dir);
size_t pt_dir_len(const pt_dir *dir);

/* The metadata address of the name at `index`; 0 if there is none. */
uint64_t pt_dir_address(const pt_dir *dir, size_t index);

/* Loads the name at `index`; what `out` points to lives until the next call. 0 or -1. */
int pt_dir_name(pt_dir *dir, size_t index, pt_name *out);

/* The attributes of the name loaded last, or of the directory itself: 1 and the next after
 * `previous`, 0 at the end, -1 if they could not be loaded. */
int pt_attribute_next(pt_dir *dir, int of_folder, const void *previous, pt_attribute *out);

/* The runs of an attribute: 1 and the next after `previous`, or 0 at the end. */
int pt_run_next(const void *attribute, const void *previous, pt_run *out);

#endif
