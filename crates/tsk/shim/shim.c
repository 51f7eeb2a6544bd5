/* See shim.h. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

#include <tsk/libtsk.h>
#include <tsk/fs/tsk_iso9660.h>

/* libtsk casts the image it is given back to what it was: the first member must be its own. */
typedef struct {
    TSK_IMG_INFO base;
    void *context;
    pt_read_fn read;
    /* Reads that gave nothing: libtsk turns some of them into zeros without a word. */
    uint64_t failures;
} external_image;

struct pt_fs {
    external_image *image;
    TSK_FS_INFO *fs;
    char message[PT_MESSAGE_LEN];
};

struct pt_dir {
    pt_fs *owner;
    TSK_FS_DIR *dir;
    TSK_FS_FILE *file;
};

static void take_message(char *out, size_t len, const char *fallback)
{
    const char *said = tsk_error_get();
    if (len == 0)
        return;
    strncpy(out, said != NULL && said[0] != '\0' ? said : fallback, len - 1);
    out[len - 1] = '\0';
    tsk_error_reset();
}

static ssize_t image_read(TSK_IMG_INFO *info, TSK_OFF_T offset, char *buffer, size_t len)
{
    external_image *image = (external_image *)info;
    /* libtsk reads ahead into its cache, whole sectors at a time: there, what comes before a
     * damaged place is good for something. Elsewhere a part would be taken for the whole. */
    int into_cache = offset % 512 == 0 && len <= TSK_IMG_INFO_CACHE_LEN;
    int64_t got = -1;
    if (offset >= 0 && offset < info->size) {
        if ((uint64_t)len > (uint64_t)(info->size - offset))
            len = (size_t)(info->size - offset);
        got = image->read(image->context, (uint64_t)offset, (uint8_t *)buffer, len);
    }
    if (got <= 0 || ((size_t)got < len && !into_cache)) {
        image->failures += 1;
        tsk_error_reset();
        tsk_error_set_errno(TSK_ERR_IMG_READ);
        tsk_error_set_errstr("%lld bytes at byte %lld of the volume", (long long)len, (long long)offset);
        return -1;
    }
    return (ssize_t)got;
}

static void image_close(TSK_IMG_INFO *info)
{
    (void)info;
}

static void image_stat(TSK_IMG_INFO *info, FILE *out)
{
    (void)info;
    (void)out;
}

const char *pt_version(void)
{
    return tsk_version_get_str();
}

pt_fs *pt_fs_open(void *context, pt_read_fn read, uint64_t size, uint32_t sector_size,
                  int *kind, char *message, size_t message_len)
{
    pt_fs *handle = calloc(1, sizeof(*handle));
    external_image *image = calloc(1, sizeof(*image));
    *kind = PT_OPEN_FAILED;
    if (handle == NULL || image == NULL || size > INT64_MAX) {
        take_message(message, message_len, "no memory for a volume, or a volume past 8 EiB");
        free(image);
        free(handle);
        return NULL;
    }
    image->context = context;
    image->read = read;
    tsk_error_reset();
    if (tsk_img_open_external(image, (TSK_OFF_T)size, sector_size, image_read, image_close, image_stat) == NULL) {
        take_message(message, message_len, "the volume could not be opened");
        free(image);
        free(handle);
        return NULL;
    }
    handle->image = image;
    handle->fs = tsk_fs_open_img(&image->base, 0, TSK_FS_TYPE_DETECT);
    if (handle->fs == NULL) {
        uint32_t number = tsk_error_get_errno();
        if (number == TSK_ERR_FS_ENCRYPTED || number == TSK_ERR_FS_POSSIBLY_ENCRYPTED)
            *kind = PT_OPEN_ENCRYPTED;
        else if (number == TSK_ERR_FS_UNKTYPE)
            *kind = PT_OPEN_UNRECOGNISED;
        take_message(message, message_len, "the file system could not be opened");
        pt_fs_close(handle);
        return NULL;
    }
    return handle;
}

void pt_fs_close(pt_fs *handle)
{
    if (handle == NULL)
        return;
    if (handle->fs != NULL)
        tsk_fs_close(handle->fs);
    tsk_img_close(&handle->image->base);
    free(handle->image);
    free(handle);
}

void pt_fs_info(const pt_fs *handle, pt_info *out)
{
    const TSK_FS_INFO *fs = handle->fs;
    out->type = (uint32_t)fs->ftype;
    out->flags = (uint32_t)fs->flags;
    out->offset = (uint64_t)fs->offset;
    out->root_address = fs->root_inum;
    out->orphan_address = TSK_FS_ORPHANDIR_INUM(fs);
    out->last_address = fs->last_inum;
    out->block_count = fs->block_count;
    out->last_block = fs->last_block;
    out->last_block_present = fs->last_block_act;
    out->block_size = fs->block_size;
    out->block_pre_size = fs->block_pre_size;
    out->block_post_size = fs->block_post_size;
}

const char *pt_fs_message(const pt_fs *handle)
{
    return handle->message;
}

int pt_fs_read(pt_fs *handle, uint64_t offset, uint8_t *out, size_t len)
{
    ssize_t got;
    if (offset > INT64_MAX)
        return -1;
    got = tsk_img_read(&handle->image->base, (TSK_OFF_T)offset, (char *)out, len);
    tsk_error_reset();
    return got >= 0 && (size_t)got == len ? 0 : -1;
}

int pt_fs_note_named(pt_fs *handle, uint64_t address)
{
    return tsk_list_add(&handle->fs->list_inum_named, address) ? -1 : 0;
}

int pt_fs_any_allocated(pt_fs *handle, uint64_t block, uint64_t len, uint64_t step,
                        uint64_t *checked, uint64_t most)
{
    TSK_FS_INFO *fs = handle->fs;
    uint64_t at;
    for (at = 0; at < len && *checked < most; at += step) {
        if (block > fs->last_block || at > fs->last_block - block)
            return 0;
        *checked += 1;
        if (fs->block_getflags(fs, block + at) & TSK_FS_BLOCK_FLAG_ALLOC)
            return 1;
    }
    return 0;
}

static int is_allocated(TSK_FS_INFO *fs, uint64_t block)
{
    return (fs->block_getflags(fs, block) & TSK_FS_BLOCK_FLAG_ALLOC) != 0;
}

uint64_t pt_fs_same_allocation(pt_fs *handle, uint64_t block, uint64_t end, uint64_t step,
                               uint64_t most, int *allocated)
{
    TSK_FS_INFO *fs = handle->fs;
    uint64_t at = block, asked, beside;
    if (block >= end)
        return 0;
    tsk_error_reset();
    *allocated = is_allocated(fs, block);
    for (asked = 0; asked < most && end - at > step; asked++) {
        if (is_allocated(fs, at + step) != *allocated)
            break;
        at += step;
    }
    /* The change, if there is one, lies before the next step. */
    for (beside = 1; beside < step && end - at > 1; beside++) {
        if (is_allocated(fs, at + 1) != *allocated)
            break;
        at += 1;
    }
    tsk_error_reset();
    return at + 1 - block;
}

typedef struct {
    pt_sink_fn sink;
    void *context;
} cat_state;

static TSK_WALK_RET_ENUM cat_piece(TSK_FS_FILE *file, TSK_OFF_T offset, TSK_DADDR_T address, char *bytes,
                                   size_t len, TSK_FS_BLOCK_FLAG_ENUM flags, void *context)
{
    cat_state *state = context;
    (void)file;
    (void)offset;
    (void)address;
    (void)flags;
    return state->sink(state->context, (const uint8_t *)bytes, len) == 0 ? TSK_WALK_CONT : TSK_WALK_STOP;
}

/* A link short enough to be kept in the metadata has no blocks. */
static int keeps_link(TSK_FS_FILE *file)
{
    const TSK_FS_ATTR *attribute;
    const TSK_FS_ATTR_RUN *run;
    if (file->meta == NULL || file->meta->type != TSK_FS_META_TYPE_LNK || file->meta->link == NULL)
        return 0;
    attribute = tsk_fs_file_attr_get(file);
    if (attribute == NULL || (attribute->flags & TSK_FS_ATTR_NONRES) == 0)
        return 0;
    for (run = attribute->nrd.run; run != NULL; run = run->next)
        if ((run->flags & (TSK_FS_ATTR_RUN_FLAG_SPARSE | TSK_FS_ATTR_RUN_FLAG_FILLER)) == 0)
            return 0;
    return 1;
}

/* The stream of that name, if the file has it. */
static const TSK_FS_ATTR *data_named(TSK_FS_FILE *file, const char *name)
{
    int i, count = tsk_fs_file_attr_getsize(file);
    for (i = 0; i < count; i++) {
        const TSK_FS_ATTR *attribute = tsk_fs_file_attr_get_idx(file, i);
        if (attribute != NULL && attribute->type == TSK_FS_ATTR_TYPE_NTFS_DATA && attribute->name != NULL &&
            strcmp(attribute->name, name) == 0)
            return attribute;
    }
    return NULL;
}

int pt_fs_packed(pt_fs *handle, uint64_t address, uint32_t id, const char *stream, uint8_t *reparse,
                 size_t *reparse_len, uint64_t *size, uint32_t *stream_id)
{
    const TSK_FS_ATTR *whole, *packed, *point = NULL;
    const TSK_FS_ATTR_RUN *run;
    TSK_FS_FILE *file;
    ssize_t got = -1;
    int i, answer = 0;
    tsk_error_reset();
    file = tsk_fs_file_open_meta(handle->fs, NULL, address);
    if (file == NULL)
        return 0;
    whole = tsk_fs_file_attr_get_id(file, (uint16_t)id);
    packed = data_named(file, stream);
    for (i = 0; point == NULL && i < tsk_fs_file_attr_getsize(file); i++) {
        point = tsk_fs_file_attr_get_idx(file, i);
        if (point != NULL && point->type != TSK_FS_ATTR_TYPE_NTFS_REPARSE)
            point = NULL;
    }
    if (whole != NULL && packed != NULL && point != NULL && packed != whole && whole->size >= 0 &&
        (whole->flags & TSK_FS_ATTR_NONRES) != 0) {
        answer = 1;
        for (run = whole->nrd.run; run != NULL; run = run->next)
            if ((run->flags & (TSK_FS_ATTR_RUN_FLAG_SPARSE | TSK_FS_ATTR_RUN_FLAG_FILLER)) == 0)
                answer = 0;
    }
    if (answer) {
        got = tsk_fs_attr_read(point, 0, (char *)reparse, *reparse_len, TSK_FS_FILE_READ_FLAG_NONE);
        *reparse_len = got < 0 ? 0 : (size_t)got;
        *size = (uint64_t)whole->size;
        *stream_id = packed->id;
    }
    tsk_fs_file_close(file);
    return answer;
}

int pt_fs_cat(pt_fs *handle, uint64_t address, int has_type, uint32_t type, uint32_t id,
              pt_sink_fn sink, void *context)
{
    cat_state state = {sink, context};
    TSK_FS_FILE *file;
    uint64_t failures = handle->image->failures;
    int failed;
    tsk_error_reset();
    file = tsk_fs_file_open_meta(handle->fs, NULL, address);
    if (file == NULL) {
        take_message(handle->message, PT_MESSAGE_LEN, "the metadata could not be read");
        return -1;
    }
    if (!has_type && keeps_link(file))
        failed = sink(context, (const uint8_t *)file->meta->link, strlen(file->meta->link)) < 0;
    else if (has_type)
        failed = tsk_fs_file_walk_type(file, (TSK_FS_ATTR_TYPE_ENUM)type, (uint16_t)id,
                                       TSK_FS_FILE_WALK_FLAG_NONE, cat_piece, &state);
    else
        failed = tsk_fs_file_walk(file, TSK_FS_FILE_WALK_FLAG_NONE, cat_piece, &state);
    failed = failed || handle->image->failures != failures;
    if (failed)
        take_message(handle->message, PT_MESSAGE_LEN, "the content could not be read");
    tsk_fs_file_close(file);
    return failed ? -1 : 0;
}

/* The name in `file` belongs to the directory: take it back before the file is freed. */
static void drop_file(pt_dir *dir)
{
    if (dir->file == NULL)
        return;
    dir->file->name = NULL;
    tsk_fs_file_close(dir->file);
    dir->file = NULL;
}

pt_dir *pt_dir_open(pt_fs *handle, uint64_t address)
{
    pt_dir *dir = calloc(1, sizeof(*dir));
    TSK_RETVAL_ENUM result;
    if (dir == NULL) {
        strcpy(handle->message, "no memory for a directory");
        return NULL;
    }
    tsk_error_reset();
    dir->owner = handle;
    /* tsk_fs_dir_open_meta would throw away the names read from a damaged directory. */
    result = handle->fs->dir_open_meta(handle->fs, &dir->dir, address, 0);
    handle->message[0] = '\0';
    if (result == TSK_OK && dir->dir != NULL) {
        tsk_error_reset();
        return dir;
    }
    take_message(handle->message, PT_MESSAGE_LEN, "the directory could not be read");
    if (dir->dir == NULL || result != TSK_COR) {
        if (dir->dir != NULL)
            tsk_fs_dir_close(dir->dir);
        free(dir);
        return NULL;
    }
    return dir;
}

void pt_dir_close(pt_dir *dir)
{
    if (dir == NULL)
        return;
    drop_file(dir);
    tsk_fs_dir_close(dir->dir);
    free(dir);
}

size_t pt_dir_len(const pt_dir *dir)
{
    return dir->dir->names_used;
}

static pt_time time_of(int64_t seconds, uint32_t nanoseconds)
{
    pt_time time = {seconds, nanoseconds};
    return time;
}

static void describe_meta(const pt_dir *dir, pt_name *out)
{
    const TSK_FS_META *meta = dir->file->meta;
    out->has_meta = 1;
    out->meta_type = (uint32_t)meta->type;
    out->meta_flags = (uint32_t)meta->flags;
    out->meta_size = meta->size;
    out->default_attribute = (uint32_t)dir->owner->fs->get_default_attr_type(dir->file);
    out->has_link = meta->link != NULL && meta->link[0] != '\0';
    out->created = time_of(meta->crtime, meta->crtime_nano);
    out->modified = time_of(meta->mtime, meta->mtime_nano);
    out->accessed = time_of(meta->atime, meta->atime_nano);
    out->changed = time_of(meta->ctime, meta->ctime_nano);
}

uint64_t pt_dir_address(const pt_dir *dir, size_t index)
{
    return index < dir->dir->names_used ? dir->dir->names[index].meta_addr : 0;
}

/* libtsk keeps a copy of each directory record, of whose time it leaves the zone out. */
static void describe_record(TSK_FS_INFO *fs, uint64_t address, pt_name *out)
{
    const iso9660_inode_node *node = ((const ISO_INFO *)fs)->in_list;
    while (node != NULL && node->inum != address)
        node = node->next;
    if (node == NULL)
        return;
    out->has_recorded = 1;
    memcpy(out->recorded, &node->inode.dr.rec_time, PT_RECORDED_LEN);
}

int pt_dir_name(pt_dir *dir, size_t index, pt_name *out)
{
    TSK_FS_INFO *fs = dir->owner->fs;
    TSK_FS_NAME *name;
    memset(out, 0, sizeof(*out));
    drop_file(dir);
    dir->owner->message[0] = '\0';
    if (index >= dir->dir->names_used)
        return -1;
    name = &dir->dir->names[index];
    dir->file = calloc(1, sizeof(*dir->file));
    if (dir->file == NULL)
        return -1;
    dir->file->tag = TSK_FS_FILE_TAG;
    dir->file->fs_info = fs;
    dir->file->name = name;
    out->name = name->name != NULL ? name->name : "";
    out->name_len = strlen(out->name);
    out->address = name->meta_addr;
    out->name_type = (uint32_t)name->type;
    out->name_flags = (uint32_t)name->flags;
    if (name->meta_addr == 0 && (name->flags & TSK_FS_NAME_FLAG_ALLOC) == 0)
        return 0;
    tsk_error_reset();
    if (fs->file_add_meta(fs, dir->file, name->meta_addr) != 0 || dir->file->meta == NULL) {
        take_message(dir->owner->message, PT_MESSAGE_LEN, "the metadata could not be read");
        return 0;
    }
    describe_meta(dir, out);
    if (fs->ftype == TSK_FS_TYPE_ISO9660)
        describe_record(fs, name->meta_addr, out);
    return 0;
}

static const TSK_FS_ATTR *first_attribute(pt_dir *dir, TSK_FS_FILE *file)
{
    if (file == NULL || file->meta == NULL)
        return NULL;
    tsk_error_reset();
    if (tsk_fs_file_attr_get_idx(file, 0) == NULL && tsk_error_get_errno() != TSK_ERR_FS_ATTR_NOTFOUND)
        take_message(dir->owner->message, PT_MESSAGE_LEN, "the attributes could not be loaded");
    tsk_error_reset();
    return file->meta->attr != NULL ? file->meta->attr->head : NULL;
}

int pt_attribute_next(pt_dir *dir, int of_folder, const void *previous, pt_attribute *out)
{
    const TSK_FS_ATTR *attribute;
    dir->owner->message[0] = '\0';
    if (previous != NULL)
        attribute = ((const TSK_FS_ATTR *)previous)->next;
    else
        attribute = first_attribute(dir, of_folder ? dir->dir->fs_file : dir->file);
    if (dir->owner->message[0] != '\0')
        return -1;
    while (attribute != NULL && (attribute->flags & TSK_FS_ATTR_INUSE) == 0)
        attribute = attribute->next;
    if (attribute == NULL)
        return 0;
    out->handle = attribute;
    out->name = attribute->name != NULL ? attribute->name : "";
    out->name_len = strlen(out->name);
    out->type = (uint32_t)attribute->type;
    out->id = attribute->id;
    out->flags = (uint32_t)attribute->flags;
    out->skip_len = attribute->nrd.skiplen;
    out->size = attribute->size;
    out->init_size = attribute->nrd.initsize;
    return 1;
}

int pt_run_next(const void *attribute, const void *previous, pt_run *out)
{
    const TSK_FS_ATTR_RUN *run = previous != NULL ? ((const TSK_FS_ATTR_RUN *)previous)->next
                                                  : ((const TSK_FS_ATTR *)attribute)->nrd.run;
    if (run == NULL)
        return 0;
    out->handle = run;
    out->offset = run->offset;
    out->address = run->addr;
    out->len = run->len;
    out->flags = (uint32_t)run->flags;
    return 1;
}
