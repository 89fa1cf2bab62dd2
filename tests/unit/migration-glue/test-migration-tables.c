/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State table (MS-1 … MS-5), capabilities and parameters, pace, addresses.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "migration-glue/error.h"
#include "migration-glue/pace.h"
#include "migration-glue/params.h"
#include "migration-glue/state.h"
#include "migration-glue/transport.h"

/* ---- States ---- */

static const struct {
    const char *from, *to;
} legal[] = {
    {"none", "setup"},
    {"setup", "active failed cancelling"},
    {"active", "pre-switchover device completed failed cancelling postcopy-active"},
    {"pre-switchover", "device failed cancelling"},
    {"device", "handover failed cancelling postcopy-active"},
    {"handover", "handover-unknown completed failed"},
    {"handover-unknown", "completed failed"},
    {"completed", ""},
    {"postcopy-active", "completed failed postcopy-paused"},
    {"postcopy-paused", "postcopy-recover completed failed"},
    {"postcopy-recover", "postcopy-active postcopy-paused"},
    {"failed", ""},
    {"cancelling", "cancelled"},
    {"cancelled", ""},
};

static gboolean
is_legal(const char *from, const char *to)
{
    for (guint i = 0; i < G_N_ELEMENTS(legal); i++) {
        g_auto(GStrv) all = g_strsplit(legal[i].to, " ", -1);

        if (strcmp(legal[i].from, from) == 0)
            return g_strv_contains((const char *const *)all, to);
    }
    g_assert_not_reached();
}

static void
a_state_is_left_only_along_the_table(void)
{
    for (guint from = 0; from < MIG_STATUS_N; from++) {
        for (guint to = 0; to < MIG_STATUS_N; to++) {
            MigState state = {(gint)from};
            gboolean may =
                is_legal(mig_status_own_name((MigStatus)from), mig_status_own_name((MigStatus)to));

            g_assert_cmpint(mig_state_move(&state, (MigStatus)to), ==, may);
            g_assert_cmpuint(mig_state_get(&state), ==, may ? to : from);
        }
    }
}

/* Every state that can lead to a handover still leaves the guest ours; none behind does. */
static void
nothing_behind_the_handover_can_be_cancelled(void)
{
    g_assert_false(mig_status_may(MIG_STATUS_HANDOVER, MIG_STATUS_CANCELLING));
    g_assert_false(mig_status_may(MIG_STATUS_HANDOVER_UNKNOWN, MIG_STATUS_CANCELLING));
    for (guint i = 0; i < MIG_STATUS_N; i++) {
        gboolean ours = i != MIG_STATUS_HANDOVER && i != MIG_STATUS_HANDOVER_UNKNOWN &&
                        i != MIG_STATUS_COMPLETED && !mig_status_is_postcopy((MigStatus)i);

        if (mig_status_is_postcopy((MigStatus)i)) /* MS-8 */
            g_assert_false(mig_status_may((MigStatus)i, MIG_STATUS_CANCELLING));

        g_assert_cmpint(mig_status_guest_is_ours((MigStatus)i), ==, ours);
    }
    g_assert_true(mig_status_is_over(MIG_STATUS_HANDOVER_UNKNOWN));
    g_assert_false(mig_status_is_over(MIG_STATUS_CANCELLING));
}

/* ---- Capabilities, parameters ---- */

static void
a_capability_that_is_not_done_is_refused_with_its_reason(void)
{
    g_autoptr(MigParams) params = mig_params_new();

    for (guint i = 0; i < MIG_CAP_N; i++) {
        const MigCapabilityInfo *info = mig_capability_info((MigCapability)i);
        const MigCapabilityChange on = {(MigCapability)i, TRUE}, off = {(MigCapability)i, FALSE};
        g_autoptr(GError) error = NULL;
        MigCapability found;

        g_assert_true(mig_capability_find(info->name, &found));
        g_assert_cmpuint(found, ==, i);
        g_assert_cmpint(mig_params_capability(params, (MigCapability)i), ==, info->initial);
        if (i == MIG_CAP_MULTIFD)
            continue; /* not alone: below */
        g_assert_cmpint(mig_params_set_capabilities(params, &on, 1, FALSE, &error), ==,
                        info->refusal == NULL);
        if (info->refusal != NULL) {
            g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
            g_assert_nonnull(strstr(error->message, info->name));
            g_assert_nonnull(strstr(error->message, info->refusal));
        }
        /* Some do not go with later ones. */
        if (info->refusal != NULL || i == MIG_CAP_POSTCOPY_RAM)
            g_assert_true(mig_params_set_capabilities(params, &off, 1, FALSE, NULL));
    }
    g_assert_cmphex(mig_params_vms(params), ==,
                    VMS_CAP_RETURN_PATH | VMS_CAP_IGNORE_SHARED | VMS_CAP_VALIDATE_UUID |
                        VMS_CAP_MAPPED_RAM);
}

static void
several_channels_go_with_mapped_ram_only(void)
{
    g_autoptr(MigParams) params = mig_params_new();
    const MigCapabilityChange both[] = {{MIG_CAP_MULTIFD, TRUE}, {MIG_CAP_MAPPED_RAM, TRUE}};
    const MigCapabilityChange off = {MIG_CAP_MAPPED_RAM, FALSE};
    g_autoptr(GError) error = NULL;

    g_assert_false(mig_params_set_capabilities(params, both, 1, FALSE, &error));
    g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
    g_assert_nonnull(strstr(error->message, "'multifd' on does not go with 'mapped-ram' off"));
    g_assert_true(mig_params_set_capabilities(params, both, 2, FALSE, NULL));
    g_assert_false(mig_params_set_capabilities(params, &off, 1, FALSE, NULL));
    g_assert_true(mig_params_capability(params, MIG_CAP_MAPPED_RAM));
}

static void
capabilities_change_all_or_none_and_never_while_it_runs(void)
{
    g_autoptr(MigParams) params = mig_params_new();
    const MigCapabilityChange mixed[] = {{MIG_CAP_VALIDATE_UUID, TRUE}, {MIG_CAP_MULTIFD, TRUE}};
    const MigCapabilityChange together[] = {{MIG_CAP_SWITCHOVER_ACK, TRUE},
                                            {MIG_CAP_RETURN_PATH, FALSE}};
    g_autoptr(GError) error = NULL, running = NULL;

    g_assert_false(mig_params_set_capabilities(params, mixed, 2, FALSE, NULL));
    g_assert_false(mig_params_capability(params, MIG_CAP_VALIDATE_UUID));
    g_assert_false(mig_params_set_capabilities(params, together, 2, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "'switchover-ack' on does not go with 'return-path'"));
    g_assert_true(mig_params_set_capabilities(params, together, 1, FALSE, NULL));
    g_assert_false(mig_params_set_capabilities(params, together + 1, 1, FALSE, NULL));
    g_assert_true(mig_params_capability(params, MIG_CAP_RETURN_PATH));
    g_assert_false(mig_params_set_capabilities(params, mixed, 1, TRUE, &running));
    g_assert_nonnull(strstr(running->message, "while a migration is running"));
}

static void
a_parameter_has_its_range_and_default(void)
{
    g_autoptr(MigParams) params = mig_params_new();

    for (guint i = 0; i < MIG_PARAM_N; i++) {
        const MigParamInfo *info = mig_param_info((MigParam)i);
        MigParam found;

        g_assert_true(mig_param_find(info->name, &found));
        g_assert_cmpuint(found, ==, i);
        if (info->kind == MIG_KIND_TEXT || info->kind == MIG_KIND_ENUM) {
            g_autofree char *text = mig_params_text(params, (MigParam)i);

            g_assert_cmpstr(text, ==, info->initial_text);
            g_assert_true(mig_params_set_text(params, (MigParam)i, text, NULL));
            g_assert_cmpint(mig_params_set_text(params, (MigParam)i, "other", NULL), ==, FALSE);
            continue;
        }
        g_assert_cmpuint(mig_params_number(params, (MigParam)i), ==, info->initial);
        g_assert_true(mig_params_set_number(params, (MigParam)i, info->initial, NULL));
        g_assert_false(mig_params_set_number(params, (MigParam)i, info->max + 1, NULL));
        g_assert_cmpint(mig_params_set_number(params, (MigParam)i, info->max, NULL), ==,
                        info->refusal == NULL || info->max == info->initial);
    }
}

static void
a_refused_parameter_says_why(void)
{
    g_autoptr(MigParams) params = mig_params_new();
    g_autoptr(GError) tls = NULL, range = NULL, mode = NULL;

    g_assert_false(mig_params_set_text(params, MIG_PARAM_TLS_CREDS, "tls0", &tls));
    g_assert_nonnull(strstr(tls->message, "'tls-creds'"));
    g_assert_nonnull(strstr(tls->message, "not encrypted"));
    g_assert_false(mig_params_set_number(params, MIG_PARAM_DOWNTIME_LIMIT, 2000001, &range));
    g_assert_nonnull(strstr(range->message, "from 0 to 2000000, not 2000001"));
    g_assert_false(mig_params_set_text(params, MIG_PARAM_MODE, "sideways", &mode));
    g_assert_nonnull(strstr(mode->message, "one of normal, cpr-reboot"));
}

/* ---- Pace ---- */

static void
the_bandwidth_limit_holds_over_many_parts(void)
{
    MigPace pace = {0};
    gint64 now = 1000000, began = now;
    const guint64 limit = 10000000;
    guint64 sent = 0;

    for (guint i = 0; i < 1000; i++) {
        now += 100; /* sending took that */
        mig_pace_owe(&pace, 50000, 100, now);
        mig_pace_measure(&pace, 50000, 50000, FALSE, 100);
        sent += 50000;
        now += mig_pace_delay(&pace, limit, now);
    }
    g_assert_cmpuint(sent * G_USEC_PER_SEC / (guint64)(now - began), >, limit * 99 / 100);
    g_assert_cmpuint(sent * G_USEC_PER_SEC / (guint64)(now - began), <, limit * 101 / 100);
    /* What the connection can do is not what the limit lets it. */
    g_assert_cmpuint(mig_pace_bandwidth(&pace), ==, 500000000);
    g_assert_cmpint(mig_pace_delay(&pace, 0, now), ==, 0);
}

static void
parts_of_zero_pages_say_nothing_of_the_bandwidth(void)
{
    MigPace pace = {0};

    mig_pace_measure(&pace, 9 * 1000, 4096 * 1000, FALSE, 100);
    g_assert_cmpuint(mig_pace_bandwidth(&pace), ==, 90000000);
    mig_pace_measure(&pace, 4104 * 1000, 4096 * 1000, FALSE, 4104);
    g_assert_cmpuint(mig_pace_bandwidth(&pace), ==, 1000000000);
    g_assert_false(mig_pace_is_rehearsed(&pace));
    mig_pace_measure(&pace, 4104 * 1000, 4096 * 1000, TRUE, 2048);
    g_assert_true(mig_pace_is_rehearsed(&pace));
    g_assert_cmpuint(mig_pace_bandwidth(&pace), ==, 2000000000);
}

/* Whoever had to wait for a processor in between was not slowed down by the connection. */
static void
a_part_that_took_long_does_not_count(void)
{
    MigPace pace = {0};
    const gint64 took[] = {1000, 900000, 1000, 1100, 400000, 1000, 900};

    for (guint i = 0; i < G_N_ELEMENTS(took); i++)
        mig_pace_measure(&pace, 4 << 20, 4000000, TRUE, took[i]);
    g_assert_cmpuint(mig_pace_bandwidth(&pace), ==, 4000000000);
    for (guint i = 0; i < 2 * MIG_PACE_RATES; i++) {
        mig_pace_measure(&pace, 4 << 20, 4000000, TRUE, 4000);
        mig_pace_measure(&pace, 4096, 4096, TRUE, 4096); /* nor does a small one */
    }
    g_assert_cmpuint(mig_pace_bandwidth(&pace), ==, 1000000000);
}

/* ---- Addresses ---- */

static const struct {
    const char *uri, *message;
} wrong_addresses[] = {
    {"", "unknown kind"},
    {"rdma:host:1", "known are tcp:HOST:PORT, unix:PATH"},
    {"tcp:host", "there is no port"},
    {"tcp:host:70000", "from 0 to 65535"},
    {"tcp:host:x", "from 0 to 65535"},
    {"tcp:::1:4444", "in brackets"},
    {"tcp:host:4444,ipv4=on", "no options"},
    {"unix:", "there is no path"},
    {"fd:", "no descriptor"},
    {"exec:", "no command"},
    {"file:", "there is no path"},
    {"file:,offset=1", "there is no path"},
    {"file:x,ofset=1", "only option"},
    {"file:x,offset=", "number of bytes"},
    {"file:x,offset=-1", "number of bytes"},
    {"file:x,offset=1k", "number of bytes"},
    {"file:x,offset=99999999999999999999", "number of bytes"},
};

static void
a_wrong_address_is_refused_with_the_right_form(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(wrong_addresses); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", wrong_addresses[i].uri);
        g_assert_null(mig_address_parse(wrong_addresses[i].uri, &error));
        g_assert_error(error, MIG_ERROR, MIG_ERROR_VALUE);
        g_assert_nonnull(strstr(error->message, wrong_addresses[i].message));
    }
}

static void
right_addresses_are_taken(void)
{
    static const char *const right[] = {
        "tcp:host:4444",   "tcp:[::1]:1", "tcp::0",
        "unix:/a/b",       "fd:7",        "fd:name",
        "exec:cat > x, y", "file:/x",     "file:/x,offset=0x11921",
    };

    for (guint i = 0; i < G_N_ELEMENTS(right); i++) {
        g_autoptr(MigAddress) address = mig_address_parse(right[i], NULL);

        g_assert_nonnull(address);
        g_assert_cmpstr(mig_address_uri(address), ==, right[i]);
    }
}

static void
a_descriptor_nobody_gave_is_refused(void)
{
    static const char *const wrong[] = {"fd:1", "fd:987654", "fd:lost", "file:/dev/fdset/3"};

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(MigAddress) address = mig_address_parse(wrong[i], NULL);
        g_autoptr(MigWake) wake = mig_wake_new(NULL);
        g_autoptr(GError) error = NULL;
        MigEnds ends;

        g_assert_false(mig_transport_open(address, NULL, NULL, wake, &ends, &error));
        g_assert_nonnull(error);
        g_assert_null(mig_listener_new(address, NULL, NULL, NULL));
    }
}

/* A manager's file, open for writing only, with a head of its own. */
static int
open_write_only(void *opaque, guint64 set, int flags, GError **error)
{
    g_assert_cmpuint(set, ==, 3);
    g_assert_cmpint(flags & O_ACCMODE, ==, O_WRONLY);
    return open(opaque, O_WRONLY | O_CLOEXEC);
}

static void
a_managers_descriptor_need_not_be_readable(void)
{
    static const MigDescriptorOps ops = {.open_fdset = open_write_only};
    g_autofree char *path = g_strdup_printf("%s/fdset-%d", g_get_tmp_dir(), getpid());
    g_autoptr(MigAddress) address = mig_address_parse("file:/dev/fdset/3,offset=4", NULL);
    g_autoptr(MigWake) wake = mig_wake_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *written = NULL;
    struct iovec guest = {.iov_base = (void *)"guest", .iov_len = 5};
    MigEnds ends;

    g_assert_true(g_file_set_contents(path, "headand more", -1, NULL));
    g_assert_true(mig_transport_open(address, &ops, path, wake, &ends, &error));
    g_assert_true(mig_channel_write_all(ends.stream, &guest, 1, &error));
    g_assert_true(ends.commit(ends.stream, wake, &error));
    mig_ends_clear(&ends);
    g_assert_true(g_file_get_contents(path, &written, NULL, NULL));
    g_assert_cmpstr(written, ==, "headguest");
    unlink(path);
}

static int
open_the_same_again(void *opaque, guint64 set, int flags, GError **error)
{
    return fcntl(*(const int *)opaque, F_DUPFD_CLOEXEC, 0);
}

/* Its descriptors share their place, which the last one has moved. */
static void
a_managers_descriptor_may_stand_anywhere(void)
{
    static const MigDescriptorOps ops = {.open_fdset = open_the_same_again};
    static const char *const streams[] = {"a failed one", "guest"};
    g_autofree char *path = g_strdup_printf("%s/fdset-%d", g_get_tmp_dir(), getpid());
    g_autoptr(MigAddress) address = mig_address_parse("file:/dev/fdset/3", NULL);
    g_autoptr(MigWake) wake = mig_wake_new(NULL);
    g_autofree char *written = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    MigEnds ends;

    for (guint i = 0; i < G_N_ELEMENTS(streams); i++) {
        struct iovec part = {(void *)streams[i], strlen(streams[i])};

        g_assert_true(mig_transport_open(address, &ops, &fd, wake, &ends, NULL));
        g_assert_true(mig_channel_write_all(ends.stream, &part, 1, NULL));
        g_assert_true(ends.commit(ends.stream, wake, NULL));
        mig_ends_clear(&ends);
    }
    g_assert_true(g_file_get_contents(path, &written, NULL, NULL));
    g_assert_cmpstr(written, ==, "guest");
    close(fd);
    unlink(path);
}

static void
bind_and_forget(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    close(fd);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void
a_live_listener_keeps_its_socket_and_a_dead_one_loses_it(void)
{
    g_autofree char *folder = g_dir_make_tmp("listen-XXXXXX", NULL);
    g_autofree char *uri = g_strdup_printf("unix:%s/s", folder);
    g_autofree char *path = g_build_filename(folder, "s", NULL);
    g_autoptr(MigAddress) address = mig_address_parse(uri, NULL);
    MigListener *listener = mig_listener_new(address, NULL, NULL, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(listener);
    g_assert_null(mig_listener_new(address, NULL, NULL, &error));
    g_assert_nonnull(strstr(error->message, "in use"));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    mig_listener_free(listener);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));

    /* As a process leaves it that was killed. */
    bind_and_forget(path);
    listener = mig_listener_new(address, NULL, NULL, NULL);
    g_assert_nonnull(listener);
    mig_listener_free(listener);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

#define ADD(name) g_test_add_func("/migration-tables/" #name, name)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_state_is_left_only_along_the_table);
    ADD(nothing_behind_the_handover_can_be_cancelled);
    ADD(a_capability_that_is_not_done_is_refused_with_its_reason);
    ADD(several_channels_go_with_mapped_ram_only);
    ADD(capabilities_change_all_or_none_and_never_while_it_runs);
    ADD(a_parameter_has_its_range_and_default);
    ADD(a_refused_parameter_says_why);
    ADD(the_bandwidth_limit_holds_over_many_parts);
    ADD(parts_of_zero_pages_say_nothing_of_the_bandwidth);
    ADD(a_part_that_took_long_does_not_count);
    ADD(a_wrong_address_is_refused_with_the_right_form);
    ADD(right_addresses_are_taken);
    ADD(a_descriptor_nobody_gave_is_refused);
    ADD(a_managers_descriptor_need_not_be_readable);
    ADD(a_managers_descriptor_may_stand_anywhere);
    ADD(a_live_listener_keeps_its_socket_and_a_dead_one_loses_it);
    return g_test_run();
}
