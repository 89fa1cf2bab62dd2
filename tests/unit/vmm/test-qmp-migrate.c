/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands about migration: what reaches the VM, what is refused with which words, and what
 * the queries show.
 */
#include "tests/unit/vmm/talk.h"
#include <string.h>

#define CHANNEL(address) \
    "{'execute':'migrate','arguments':{'channels':[{'channel-type':'main','addr':" address "}]}}"

static void
commands_reach_the_vm(void)
{
    static const char *const lines[][2] = {
        {"{'execute':'migrate','arguments':{'uri':'tcp:b:1','detach':true}}", "migrate tcp:b:1;"},
        {"{'execute':'migrate','arguments':{'uri':'tcp:b:1','resume':true}}", "resume tcp:b:1;"},
        {"{'execute':'migrate_cancel'}", "cancel;"},
        {"{'execute':'migrate-start-postcopy'}", "postcopy;"},
        {"{'execute':'migrate-recover','arguments':{'uri':'tcp:b:1'}}", "recover tcp:b:1;"},
        {"{'execute':'migrate-pause'}", "pause;"},
        {"{'execute':'migrate-continue','arguments':{'state':'pre-switchover'}}",
         "continue pre-switchover;"},
        {"{'execute':'x-migrate-decide','arguments':{'guest':'here'}}", "decide ours;"},
        {"{'execute':'x-migrate-decide','arguments':{'guest':'there'}}", "decide theirs;"},
        {"{'execute':'migrate-incoming','arguments':{'uri':'unix:/x','exit-on-error':false}}",
         "incoming unix:/x, then stay;"},
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_string_truncate(talk.vm->told, 0);
        talk_assert_reply(&talk, lines[i][0], "{\"return\": {}}");
        g_assert_cmpstr(talk.vm->told->str, ==, lines[i][1]);
    }
    talk_end(&talk);
}

static void
refusals_of_the_vm_are_told(void)
{
    static const char *const lines[] = {
        "{'execute':'migrate','arguments':{'uri':'tcp:b:1'}}",
        "{'execute':'migrate','arguments':{'uri':'tcp:b:1','resume':true}}",
        "{'execute':'migrate-start-postcopy'}",
        "{'execute':'migrate-recover','arguments':{'uri':'tcp:b:1'}}",
        "{'execute':'migrate-pause'}",
        "{'execute':'migrate-continue','arguments':{'state':'device'}}",
        "{'execute':'x-migrate-decide','arguments':{'guest':'here'}}",
        "{'execute':'migrate-incoming','arguments':{'uri':'unix:/x','exit-on-error':true}}",
        "{'execute':'closefd','arguments':{'fdname':'x'}}",
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        talk.vm->failure = "not now";
        talk_assert_error(&talk, lines[i], "GenericError", "not now");
    }
    g_assert_cmpstr(talk.vm->told->str, ==, "");
    talk_end(&talk); /* asserts that nobody listens */
}

static void
wrong_values_are_named(void)
{
    static const char *const lines[][2] = {
        {"{'execute':'migrate'}", "need either 'uri' or 'channels' argument"},
        {"{'execute':'migrate','arguments':{'uri':'tcp:b:1','channels':[]}}",
         "need either 'uri' or 'channels' argument"},
        {"{'execute':'migrate','arguments':{'channels':[]}}",
         "Parameter 'channels' expects a list of one channel"},
        {"{'execute':'migrate','arguments':{'channels':[1]}}",
         "Parameter 'channel-type' is missing"},
        {"{'execute':'migrate','arguments':{'channels':[{'channel-type':'cpr','addr':{}}]}}",
         "Parameter 'channel-type' does not accept value 'cpr'"},
        {"{'execute':'migrate','arguments':{'channels':[{'channel-type':'main'}]}}",
         "Parameter 'transport' is missing"},
        {CHANNEL("{'transport':'rdma'}"), "Parameter 'transport' does not accept value 'rdma'"},
        {CHANNEL("{'transport':'socket'}"), "Parameter 'type' is missing"},
        {CHANNEL("{'transport':'socket','type':'vsock'}"),
         "Parameter 'type' does not accept value 'vsock'"},
        {CHANNEL("{'transport':'socket','type':'inet','host':'a'}"), "Parameter 'port' is missing"},
        {CHANNEL("{'transport':'socket','type':'inet','host':'a','port':1}"),
         "Invalid parameter type for 'port', expected: string"},
        {CHANNEL("{'transport':'exec','args':[]}"),
         "Parameter 'args' expects a list of one or more strings"},
        {CHANNEL("{'transport':'exec','args':['a', 1]}"),
         "Parameter 'args' expects a list of one or more strings"},
        {CHANNEL("{'transport':'file','filename':'f','offset':-1}"),
         "Parameter 'offset' expects a number from 0 on"},
        {"{'execute':'migrate-continue','arguments':{'state':'now'}}",
         "Parameter 'state' does not accept value 'now'"},
        {"{'execute':'x-migrate-decide','arguments':{'guest':'both'}}",
         "Parameter 'guest' does not accept value 'both': it is 'there' if the guest runs at the "
         "destination, 'here' if it never will"},
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        talk_assert_error(&talk, lines[i][0], "GenericError", lines[i][1]);
    g_assert_cmpstr(talk.vm->told->str, ==, "");
    talk_end(&talk);
}

static void
channels_are_uris(void)
{
    static const char *const lines[][2] = {
        {CHANNEL("{'transport':'socket','type':'inet','host':'a','port':'4'}"), "tcp:a:4"},
        {CHANNEL("{'transport':'socket','type':'inet','host':'::1','port':'4'}"), "tcp:[::1]:4"},
        {CHANNEL("{'transport':'socket','type':'unix','path':'/p q'}"), "unix:/p q"},
        {CHANNEL("{'transport':'socket','type':'fd','str':'name'}"), "fd:name"},
        {CHANNEL("{'transport':'file','filename':'/f'}"), "file:/f"},
        {CHANNEL("{'transport':'file','filename':'/f','offset':0}"), "file:/f,offset=0"},
        {CHANNEL("{'transport':'exec','args':['/bin/sh','-c','cat >a; b']}"),
         "exec:'/bin/sh' '-c' 'cat >a; b'"},
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *told = g_strdup_printf("migrate %s;", lines[i][1]);

        g_string_truncate(talk.vm->told, 0);
        talk_assert_reply(&talk, lines[i][0], "{\"return\": {}}");
        g_assert_cmpstr(talk.vm->told->str, ==, told);
    }
    talk_end(&talk);
}

static void
a_guest_that_may_be_elsewhere_does_not_go_on(void)
{
    Talk talk = talk_begin();

    talk.vm->held = "the guest may run at the destination";
    talk_open(&talk, TRUE);
    talk_assert_error(&talk, "{'execute':'cont'}", "GenericError",
                      "the guest may run at the destination");
    g_assert_cmpint(talk.vm->state, ==, RUN_STATE_PRELAUNCH);
    talk.vm->held = NULL;
    talk_assert_reply(&talk, "{'execute':'cont'}", "{\"return\": {}}");
    g_assert_cmpint(talk.vm->state, ==, RUN_STATE_RUNNING);
    talk_end(&talk);
}

/* QEMU's default. */
static void
a_failed_load_ends_the_vm_unless_it_is_asked_to_stay(void)
{
    static const char *const cases[][2] = {
        {"", "incoming fd:3, then end;"},
        {",'exit-on-error':true", "incoming fd:3, then end;"},
        {",'exit-on-error':false", "incoming fd:3, then stay;"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = g_strdup_printf(
            "{'execute':'migrate-incoming','arguments':{'uri':'fd:3'%s}}", cases[i][0]);
        Talk talk = talk_begin();

        talk_open(&talk, TRUE);
        talk_assert_reply(&talk, line, "{\"return\": {}}");
        g_assert_cmpstr(talk.vm->told->str, ==, cases[i][1]);
        talk_end(&talk);
    }
}

static void
set_capabilities(Talk *talk, const char *list, const char *error)
{
    g_autofree char *line = g_strdup_printf(
        "{'execute':'migrate-set-capabilities','arguments':{'capabilities':%s}}", list);

    if (error != NULL)
        talk_assert_error(talk, line, "GenericError", error);
    else
        talk_assert_reply(talk, line, "{\"return\": {}}");
}

static void
capabilities_are_set_together_or_not_at_all(void)
{
    Talk talk = talk_begin();
    json_t *list, *item;
    gsize i;

    talk_open(&talk, TRUE);
    set_capabilities(&talk,
                     "[{'capability':'pause-before-switchover','state':true},"
                     "{'capability':'rdma-pin-all','state':true}]",
                     "capability 'rdma-pin-all' cannot be switched on: there is no RDMA transport");
    set_capabilities(&talk, "[{'capability':'pause-before-switchover'}]",
                     "Invalid parameter type for 'state', expected: boolean");
    set_capabilities(&talk, "[{'capability':1,'state':true}]",
                     "Invalid parameter type for 'capability', expected: string");
    set_capabilities(&talk, "[[]]",
                     "Invalid parameter type for 'capabilities[]', expected: object");
    set_capabilities(&talk, "[{'capability':'x','state':true}]",
                     "Parameter 'capability' does not accept value 'x'");
    g_assert_false(mig_params_capability(talk.vm->params, MIG_CAP_PAUSE_BEFORE_SWITCHOVER));
    set_capabilities(&talk, "[{'capability':'pause-before-switchover','state':true}]", NULL);
    talk.vm->migrating = TRUE;
    set_capabilities(&talk, "[{'capability':'return-path','state':false}]",
                     "capabilities cannot change while a migration is running");

    list = talk_ask(&talk, "query-migrate-capabilities");
    g_assert_cmpuint(json_array_size(list), ==, MIG_CAP_N);
    json_array_foreach(list, i, item)
    {
        MigCapability found;

        g_assert_true(
            mig_capability_find(json_string_value(json_object_get(item, "capability")), &found));
        g_assert_cmpuint(found, ==, i);
        g_assert_cmpint(json_is_true(json_object_get(item, "state")), ==,
                        mig_params_capability(talk.vm->params, found));
    }
    json_decref(list);
    talk_end(&talk);
}

static void
parameters_are_set_together_or_not_at_all(void)
{
    static const char *const bad[][2] = {
        {"'downtime-limit':7,'max-bandwidth':-1",
         "Parameter 'max-bandwidth' expects a number that is not negative"},
        {"'downtime-limit':7,'nothing':1", "Parameter 'nothing' is unexpected"},
        {"'downtime-limit':'7'", "Invalid parameter type for 'downtime-limit', expected: integer"},
        {"'direct-io':1", "Invalid parameter type for 'direct-io', expected: boolean"},
        {"'tls-creds':1", "Invalid parameter type for 'tls-creds', expected: string"},
        {"'zero-page-detection':null",
         "Invalid parameter type for 'zero-page-detection', expected: string"},
        {"'downtime-limit':2000001",
         "parameter 'downtime-limit' is a number from 0 to 2000000, not 2000001"},
    };
    Talk talk = talk_begin();
    json_t *answer;

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *line =
            g_strdup_printf("{'execute':'migrate-set-parameters','arguments':{%s}}", bad[i][0]);

        talk_assert_error(&talk, line, "GenericError", bad[i][1]);
        g_assert_cmpuint(mig_params_number(talk.vm->params, MIG_PARAM_DOWNTIME_LIMIT), ==, 300);
    }
    talk_assert_reply(&talk, "{'execute':'migrate-set-parameters'}", "{\"return\": {}}");
    talk_assert_reply(&talk,
                      "{'execute':'migrate-set-parameters','arguments':{'downtime-limit':7,"
                      "'max-bandwidth':0,'tls-creds':null,'direct-io':false}}",
                      "{\"return\": {}}");
    answer = talk_ask(&talk, "query-migrate-parameters");
    g_assert_cmpuint(json_object_size(answer), ==, MIG_PARAM_N);
    g_assert_cmpint(json_integer_value(json_object_get(answer, "downtime-limit")), ==, 7);
    g_assert_cmpint(json_integer_value(json_object_get(answer, "max-bandwidth")), ==, 0);
    g_assert_cmpstr(json_string_value(json_object_get(answer, "tls-creds")), ==, "");
    g_assert_true(json_is_false(json_object_get(answer, "direct-io")));
    g_assert_cmpstr(json_string_value(json_object_get(answer, "mode")), ==, "normal");
    json_decref(answer);
    talk_end(&talk);
}

static void
without_a_migration_there_are_only_blockers(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_reply(&talk, "{'execute':'query-migrate'}", "{\"return\": {}}");
    talk.vm->blocker = "connector 0x80000001";
    talk_assert_reply(&talk, "{'execute':'query-migrate'}",
                      "{\"return\": {\"blocked-reasons\": [\"connector 0x80000001\"]}}");
    talk_end(&talk);
}

static gint64
number(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    if (!json_is_integer(value))
        g_error("no number %s", name);
    return json_integer_value(value);
}

static MigStats
some_stats(MigStatus status)
{
    MigStats stats = {.status = status,
                      .setup_ms = 3,
                      .total_ms = 99,
                      .downtime_ms = -1,
                      .expected_downtime_ms = 41,
                      .eta_ms = 500,
                      .transferred = 12345,
                      .bandwidth = 1000000,
                      .mbps = 8.5,
                      .pages_per_second = 77,
                      .ram = {.total = 1 << 20,
                              .remaining = 4096,
                              .normal = 5,
                              .duplicate = 6,
                              .sync_count = 2,
                              .dirty_rate = 9}};

    for (guint i = 0; i < MIG_PHASE_N; i++)
        stats.phase_us[i] = -1;
    return stats;
}

static void
a_running_migration_shows_qemus_members(void)
{
    Talk talk = talk_begin();
    json_t *answer, *ram;

    talk.vm->migration = (VmMigrateInfo){.known = TRUE, .stats = some_stats(MIG_STATUS_ACTIVE)};
    talk.vm->migration.stats.stall = (char *)"the guest writes faster than the link carries";
    talk_open(&talk, TRUE);
    answer = talk_ask(&talk, "query-migrate");
    ram = json_object_get(answer, "ram");
    g_assert_cmpstr(json_string_value(json_object_get(answer, "status")), ==, "active");
    g_assert_cmpint(number(answer, "total-time"), ==, 99);
    g_assert_cmpint(number(answer, "setup-time"), ==, 3);
    g_assert_cmpint(number(answer, "expected-downtime"), ==, 41);
    g_assert_null(json_object_get(answer, "downtime"));
    g_assert_null(json_object_get(answer, "x-downtime"));
    g_assert_null(json_object_get(answer, "error-desc"));
    g_assert_cmpint(number(answer, "x-eta"), ==, 500);
    g_assert_cmpint(number(answer, "x-bandwidth"), ==, 1000000);
    g_assert_cmpstr(json_string_value(json_object_get(answer, "x-stall")), ==,
                    "the guest writes faster than the link carries");
    g_assert_cmpint(number(ram, "transferred"), ==, 12345);
    g_assert_cmpint(number(ram, "remaining"), ==, 4096);
    g_assert_cmpint(number(ram, "total"), ==, 1 << 20);
    g_assert_cmpint(number(ram, "normal"), ==, 5);
    g_assert_cmpint(number(ram, "normal-bytes"), ==, 5 * 4096);
    g_assert_cmpint(number(ram, "duplicate"), ==, 6);
    g_assert_cmpint(number(ram, "dirty-sync-count"), ==, 2);
    g_assert_cmpint(number(ram, "dirty-pages-rate"), ==, 9);
    g_assert_cmpint(number(ram, "pages-per-second"), ==, 77);
    g_assert_cmpint(number(ram, "page-size"), ==, 4096);
    g_assert_cmpfloat(json_real_value(json_object_get(ram, "mbps")), ==, 8.5);
    json_decref(answer);
    talk_end(&talk);
}

static void
a_finished_one_shows_where_the_downtime_went(void)
{
    static MigDeviceCost devices[] = {{(char *)"timer", 0, 24, 5}, {(char *)"cpu", 8, 900, 70}};
    Talk talk = talk_begin();
    json_t *answer, *downtime, *phases, *device;

    talk.vm->migration = (VmMigrateInfo){.known = TRUE, .stats = some_stats(MIG_STATUS_COMPLETED)};
    talk.vm->migration.stats.downtime_ms = 44;
    talk.vm->migration.stats.phase_us[MIG_PHASE_STOP] = 0;
    talk.vm->migration.stats.phase_us[MIG_PHASE_STATES] = 1500;
    talk.vm->migration.stats.devices = devices;
    talk.vm->migration.stats.n_devices = G_N_ELEMENTS(devices);
    talk_open(&talk, TRUE);
    answer = talk_ask(&talk, "query-migrate");
    downtime = json_object_get(answer, "x-downtime");
    phases = json_object_get(downtime, "phases");
    device = json_array_get(json_object_get(downtime, "devices"), 1);
    g_assert_cmpint(number(answer, "downtime"), ==, 44);
    g_assert_null(json_object_get(answer, "x-eta"));
    g_assert_cmpint(number(json_object_get(answer, "ram"), "remaining"), ==, 0);
    g_assert_cmpuint(json_object_size(phases), ==, 2);
    g_assert_cmpint(number(phases, "stop"), ==, 0);
    g_assert_cmpint(number(phases, "states"), ==, 1500);
    g_assert_cmpstr(json_string_value(json_object_get(device, "name")), ==, "cpu");
    g_assert_cmpint(number(device, "instance"), ==, 8);
    g_assert_cmpint(number(device, "bytes"), ==, 900);
    g_assert_cmpint(number(device, "us"), ==, 70);
    json_decref(answer);
    talk_end(&talk);
}

static void
an_unknown_handover_can_be_told_from_a_failure(void)
{
    Talk talk = talk_begin();
    json_t *answer;

    talk.vm->migration =
        (VmMigrateInfo){.known = TRUE, .stats = some_stats(MIG_STATUS_HANDOVER_UNKNOWN)};
    talk.vm->migration.stats.error = (char *)"handover unknown: cut";
    talk_open(&talk, TRUE);
    answer = talk_ask(&talk, "query-migrate");
    g_assert_cmpstr(json_string_value(json_object_get(answer, "status")), ==, "failed");
    g_assert_cmpstr(json_string_value(json_object_get(answer, "x-status")), ==, "handover-unknown");
    g_assert_cmpstr(json_string_value(json_object_get(answer, "error-desc")), ==,
                    "handover unknown: cut");
    json_decref(answer);
    talk_end(&talk);
}

static void
a_destination_shows_where_it_listens(void)
{
    static const char *const cases[][2] = {
        {"tcp:[::1]:4000", "[{\"type\": \"inet\", \"host\": \"::1\", \"port\": \"4000\"}]"},
        {"tcp:0.0.0.0:1", "[{\"type\": \"inet\", \"host\": \"0.0.0.0\", \"port\": \"1\"}]"},
        {"tcp::1", "[{\"type\": \"inet\", \"host\": \"\", \"port\": \"1\"}]"},
        {"unix:/a:b", "[{\"type\": \"unix\", \"path\": \"/a:b\"}]"},
        {"exec:cat", NULL},
        {NULL, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Talk talk = talk_begin();
        json_t *answer, *address;
        char *text;

        talk.vm->migration =
            (VmMigrateInfo){.known = TRUE, .incoming = TRUE, .stats = {.status = MIG_STATUS_SETUP}};
        talk.vm->migration.uri = (char *)cases[i][0];
        talk_open(&talk, TRUE);
        answer = talk_ask(&talk, "query-migrate");
        address = json_object_get(answer, "socket-address");
        text = address == NULL ? NULL : json_dumps(address, 0);
        g_assert_cmpstr(text, ==, cases[i][1]);
        g_assert_cmpstr(json_string_value(json_object_get(answer, "x-incoming-uri")), ==,
                        cases[i][0]);
        free(text);
        json_decref(answer);
        talk_end(&talk);
    }
}

static void
events_are_a_capability(void)
{
    const VmEvent status = {.kind = VM_EVENT_MIGRATION, .reason = "setup"};
    const VmEvent pass = {.kind = VM_EVENT_MIGRATION_PASS, .pass = 1};
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    qmp_session_event(talk.session, &status);
    qmp_session_event(talk.session, &pass);
    g_assert_nonnull(strstr(talk_next(&talk), "\"event\": \"MIGRATION\""));
    g_assert_nonnull(strstr(talk_next(&talk), "\"event\": \"MIGRATION_PASS\""));
    set_capabilities(&talk, "[{'capability':'events','state':false}]", NULL);
    qmp_session_event(talk.session, &status);
    qmp_session_event(talk.session, &pass);
    talk_assert_silent(&talk);
    talk_end(&talk);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-migrate/commands-reach-the-vm", commands_reach_the_vm);
    g_test_add_func("/qmp-migrate/refusals-of-the-vm-are-told", refusals_of_the_vm_are_told);
    g_test_add_func("/qmp-migrate/wrong-values-are-named", wrong_values_are_named);
    g_test_add_func("/qmp-migrate/channels-are-uris", channels_are_uris);
    g_test_add_func("/qmp-migrate/a-guest-that-may-be-elsewhere-does-not-go-on",
                    a_guest_that_may_be_elsewhere_does_not_go_on);
    g_test_add_func("/qmp-migrate/a-failed-load-ends-the-vm-unless-it-is-asked-to-stay",
                    a_failed_load_ends_the_vm_unless_it_is_asked_to_stay);
    g_test_add_func("/qmp-migrate/capabilities-are-set-together-or-not-at-all",
                    capabilities_are_set_together_or_not_at_all);
    g_test_add_func("/qmp-migrate/parameters-are-set-together-or-not-at-all",
                    parameters_are_set_together_or_not_at_all);
    g_test_add_func("/qmp-migrate/without-a-migration-there-are-only-blockers",
                    without_a_migration_there_are_only_blockers);
    g_test_add_func("/qmp-migrate/a-running-migration-shows-qemus-members",
                    a_running_migration_shows_qemus_members);
    g_test_add_func("/qmp-migrate/a-finished-one-shows-where-the-downtime-went",
                    a_finished_one_shows_where_the_downtime_went);
    g_test_add_func("/qmp-migrate/an-unknown-handover-can-be-told-from-a-failure",
                    an_unknown_handover_can_be_told_from_a_failure);
    g_test_add_func("/qmp-migrate/a-destination-shows-where-it-listens",
                    a_destination_shows_where_it_listens);
    g_test_add_func("/qmp-migrate/events-are-a-capability", events_are_a_capability);
    return g_test_run();
}
