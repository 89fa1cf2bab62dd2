/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations over QMP without descriptors: negotiation, every command, every way to ask
 * wrongly. SESSION-n: invariants of vmm/monitor/session.h.
 */
#include "tests/unit/vmm/talk.h"
#include "vmm/monitor/commands.h"
#include "vmm/monitor/session.h"
#include <string.h>

static void
the_greeting_has_version_and_capabilities(void)
{
    Talk talk = talk_begin();
    json_t *greeting, *version;
    const char *package;

    talk.session = qmp_session_new(talk.vm, talk_take_line, &talk);
    greeting = json_loads(talk_next(&talk), 0, NULL);
    talk_assert_silent(&talk);
    version = json_object_get(json_object_get(greeting, "QMP"), "version");
    package = json_string_value(json_object_get(version, "package"));
    g_assert_cmpstr(package, ==, "spapr-vmm " PACKAGE_VERSION);
    g_assert_true(json_is_integer(json_object_get(json_object_get(version, "qemu"), "major")));
    g_assert_true(json_is_array(json_object_get(json_object_get(greeting, "QMP"), "capabilities")));
    json_decref(greeting);
    talk_end(&talk);
}

/* SESSION-3 */
static void
nothing_but_negotiation_comes_first(void)
{
    static const char *const wait = "Expecting capabilities negotiation with 'qmp_capabilities'";
    Talk talk = talk_begin();

    talk_open(&talk, FALSE);
    talk_assert_error(&talk, "{'execute': 'query-status'}", "CommandNotFound", wait);
    talk_assert_error(&talk, "{'execute': 'no-such'}", "CommandNotFound", wait);
    fake_vm_emit(talk.vm, VM_EVENT_STOP, FALSE, NULL);
    qmp_session_event(talk.session, &(VmEvent){.kind = VM_EVENT_STOP});
    talk_assert_silent(&talk);
    talk_assert_error(&talk, "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}",
                      "GenericError", "QMP capability 'oob' is not available");
    talk_assert_error(&talk, "{'execute': 'qmp_capabilities', 'arguments': {'enable': [1]}}",
                      "GenericError", "Invalid parameter type for 'enable[0]', expected: string");
    talk_assert_error(&talk, "{'execute': 'qmp_capabilities', 'arguments': {'enable': 'oob'}}",
                      "GenericError", "Invalid parameter type for 'enable', expected: array");
    talk_assert_error(&talk, "{'execute': 'query-status'}", "CommandNotFound", wait);
    talk_assert_reply(&talk, "{'execute': 'qmp_capabilities', 'arguments': {'enable': []}}",
                      "{\"return\": {}}");
    talk_assert_error(&talk, HELLO, "CommandNotFound",
                      "Capabilities negotiation is already complete, command ignored");
    talk_end(&talk);
}

static void
the_id_comes_back_whatever_it_is(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_reply(&talk, "{'execute': 'system_reset', 'id': 7}", "{\"return\": {}, \"id\": 7}");
    talk_assert_reply(&talk, "{'id': {'x': [null, 'y']}, 'execute': 'system_reset'}",
                      "{\"return\": {}, \"id\": {\"x\": [null, \"y\"]}}");
    talk_assert_reply(
        &talk, "{'execute': 'none', 'id': 'a\303\251'}",
        "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command none has not "
        "been found\"}, \"id\": \"a\\u00E9\"}");
    talk_assert_reply(
        &talk, "{'execute': 1, 'id': 2}",
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input member 'execute' "
        "must be a string\"}, \"id\": 2}");
    talk_end(&talk);
}

static void
malformed_input_is_answered_and_survived(void)
{
    static const char *const texts[] = {
        "hello\n",
        "{\"execute\": }",
        "{\"execute\": \"stop\", }",
        "{\"execute\" \"stop\"}",
        "{\"execute\": \"stop\"]\n",
        "{\"execute\": \"stop\", \"execute\": \"cont\"}",
        "{\"execute\": \"st\377",
        "{\"execute\": \"st\303\"}",
        "{\"execute\": \"\\ud800\"}",
        "{\"execute\": \"a\\u0000b\"}",
        "{\"a\": 123456789012345678901234567890}",
        "{\"a\": 1e999}",
        "{\"a\": nul}",
        "{'a': 'line\n",
        "\001",
        "[]",
        "[{\"execute\": \"stop\"}]",
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        talk_say(&talk, texts[i]);
        g_assert_true(
            g_str_has_prefix(talk_next(&talk), "{\"error\": {\"class\": \"GenericError\""));
        talk_assert_silent(&talk);
        talk_assert_reply(&talk, "{\"execute\": \"system_reset\"}", "{\"return\": {}}");
    }
    g_assert_cmpint(talk.vm->state, ==, RUN_STATE_PRELAUNCH);
    talk_end(&talk);
}

static void
wrong_members_are_named(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_error(&talk, "{}", "GenericError", "QMP input lacks member 'execute'");
    talk_assert_error(&talk, "{'execute': null}", "GenericError",
                      "QMP input member 'execute' must be a string");
    talk_assert_error(&talk, "{'execute': 'stop', 'arguments': []}", "GenericError",
                      "QMP input member 'arguments' must be an object");
    talk_assert_error(&talk, "{'execute': 'stop', 'argument': {}}", "GenericError",
                      "QMP input member 'argument' is unexpected");
    talk_assert_error(&talk, "{'exec-oob': 'stop'}", "GenericError",
                      "QMP input member 'exec-oob' is unexpected");
    talk_assert_error(&talk, "{'execute': 'query-qmp-schema'}", "CommandNotFound",
                      "The command query-qmp-schema has not been found");
    talk_assert_error(&talk, "{'execute': ''}", "CommandNotFound",
                      "The command  has not been found");
    talk_end(&talk);
}

/* A value that is not of @type. */
static const char *
wrong_value(QmpArgType type)
{
    return type == QMP_ARG_STRING ? "17" : "'x'";
}

static void
assert_generic(Talk *talk, const char *command, const char *arguments)
{
    g_autofree char *text =
        g_strdup_printf("{'execute': '%s', 'arguments': %s}", command, arguments);

    talk_say(talk, text);
    g_assert_true(g_str_has_prefix(talk_next(talk), "{\"error\": {\"class\": \"GenericError\""));
    talk_assert_silent(talk);
}

/* Over the table itself, so that a command added later is covered. */
static void
every_command_checks_its_arguments(void)
{
    Talk talk = talk_begin();
    guint n = 0;

    talk_open(&talk, TRUE);
    for (const QmpCommand *command = qmp_commands; command->name != NULL; command++) {
        if (command->negotiation)
            continue;
        assert_generic(&talk, command->name, "{'no-such-argument': 1}");
        for (const QmpArg *arg = command->args; arg != NULL && arg->name != NULL; arg++) {
            g_autofree char *wrong =
                g_strdup_printf("{'%s': %s}", arg->name, wrong_value(arg->type));

            assert_generic(&talk, command->name, wrong);
            if (arg->required)
                assert_generic(&talk, command->name, "{}");
        }
        n++;
    }
    g_assert_cmpuint(n, >=, 16);
    g_assert_cmpstr(talk.vm->told->str, ==, "");
    g_assert_cmpint(talk.vm->state, ==, RUN_STATE_PRELAUNCH);
    talk_end(&talk);
}

static void
argument_errors_have_qemus_words(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_error(&talk, "{'execute': 'device-list-properties'}", "GenericError",
                      "Parameter 'typename' is missing");
    talk_assert_error(&talk, "{'execute': 'device-list-properties', 'arguments': {'typename': 1}}",
                      "GenericError", "Invalid parameter type for 'typename', expected: string");
    talk_assert_error(&talk, "{'execute': 'qom-list-types', 'arguments': {'abstract': 'yes'}}",
                      "GenericError", "Invalid parameter type for 'abstract', expected: boolean");
    talk_assert_error(&talk, "{'execute': 'stop', 'arguments': {'x': 1}}", "GenericError",
                      "Parameter 'x' is unexpected");
    talk_end(&talk);
}

static void
stop_and_cont_change_the_state_and_tell_it(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_reply(&talk, "{'execute': 'query-status'}",
                      "{\"return\": {\"status\": \"prelaunch\", \"running\": false}}");
    talk_assert_reply(&talk, "{'execute': 'cont'}", "{\"return\": {}}");
    talk_assert_reply(&talk, "{'execute': 'query-status'}",
                      "{\"return\": {\"status\": \"running\", \"running\": true}}");
    talk_assert_reply(&talk, "{'execute': 'stop'}", "{\"return\": {}}");
    talk_assert_reply(&talk, "{'execute': 'query-status'}",
                      "{\"return\": {\"status\": \"paused\", \"running\": false}}");
    talk.vm->failure = "vCPU 1 does not answer";
    talk_assert_error(&talk, "{'execute': 'cont'}", "GenericError", "vCPU 1 does not answer");
    talk_end(&talk);
}

static void
requests_reach_the_vm(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_say(&talk, "{'execute':'system_reset'}{'execute':'system_powerdown'}{'execute':'quit'}"
                    "{'execute':'inject-nmi'}");
    g_assert_cmpuint(talk.lines->len - talk.read, ==, 4);
    g_assert_cmpstr(talk.vm->told->str, ==, "reset;powerdown;shutdown 0;nmi;");
    talk_end(&talk);
}

static void
queries_show_the_machine(void)
{
    Talk talk = talk_begin();
    json_t *cpus;

    talk.vm->options.name = (char *)"caf\xe9"; /* not UTF-8: must not break the reply */
    for (guint8 i = 0; i < 16; i++)
        talk.vm->options.uuid[i] = (guint8)(i * 17);
    talk_open(&talk, TRUE);
    cpus = talk_ask(&talk, "query-cpus-fast");
    g_assert_cmpuint(json_array_size(cpus), ==, 2);
    g_assert_cmpint(json_integer_value(json_object_get(json_array_get(cpus, 1), "cpu-index")), ==,
                    1);
    json_decref(cpus);
    talk_assert_reply(&talk, "{'execute': 'query-name'}",
                      "{\"return\": {\"name\": \"caf\\uFFFD\"}}");
    talk_assert_reply(&talk, "{'execute': 'query-uuid'}",
                      "{\"return\": {\"UUID\": \"00112233-4455-6677-8899-aabbccddeeff\"}}");
    talk_assert_reply(&talk, "{'execute': 'query-target'}", "{\"return\": {\"arch\": \"ppc64\"}}");
    talk_assert_reply(&talk, "{'execute': 'x-query-memory-map'}",
                      "{\"return\": {\"human-readable-text\": \"ram 0x0\\n\"}}");
    talk_assert_reply(&talk, "{'execute': 'x-query-irq'}",
                      "{\"return\": {\"human-readable-text\": \"qqqqqqqqqqqqqqqq\"}}");
    talk.vm->options.name = NULL;
    talk_assert_reply(&talk, "{'execute': 'query-name'}", "{\"return\": {}}");
    talk_end(&talk);
}

static void
query_commands_lists_what_is_answered(void)
{
    Talk talk = talk_begin();
    json_t *list, *entry;
    gsize i;

    talk_open(&talk, TRUE);
    list = talk_ask(&talk, "query-commands");
    json_array_foreach(list, i, entry)
        g_assert_nonnull(qmp_command_find(json_string_value(json_object_get(entry, "name"))));
    for (i = 0; qmp_commands[i].name != NULL; i++)
        ;
    g_assert_cmpuint(json_array_size(list), ==, i);
    json_decref(list);
    talk_end(&talk);
}

static void
machines_are_those_that_run(void)
{
    Talk talk = talk_begin();
    json_t *list, *first;

    talk_open(&talk, TRUE);
    list = talk_ask(&talk, "query-machines");
    g_assert_cmpuint(json_array_size(list), ==, 2);
    first = json_array_get(list, 0);
    g_assert_cmpstr(json_string_value(json_object_get(first, "name")), ==, "house-2.0");
    g_assert_cmpstr(json_string_value(json_object_get(first, "alias")), ==, "house");
    g_assert_true(json_is_true(json_object_get(first, "is-default")));
    g_assert_cmpint(json_integer_value(json_object_get(first, "cpu-max")), ==, 2048);
    g_assert_null(json_object_get(json_array_get(list, 1), "is-default"));
    json_decref(list);
    talk_end(&talk);
}

static void
types_are_filtered_by_what_they_implement(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_reply(
        &talk, "{'execute': 'qom-list-types', 'arguments': {'implements': 'device'}}",
        "{\"return\": [{\"name\": \"lamp\", \"parent\": \"device\"}, {\"name\": \"bell\", "
        "\"parent\": \"device\"}]}");
    talk_assert_reply(
        &talk,
        "{'execute': 'qom-list-types', 'arguments': {'implements': 'machine', "
        "'abstract': true}}",
        "{\"return\": [{\"name\": \"machine\", \"parent\": \"object\", \"abstract\": "
        "true}, {\"name\": \"house-2.0-machine\", \"parent\": \"machine\"}, {\"name\": "
        "\"house-1.0-machine\", \"parent\": \"machine\"}]}");
    talk_assert_reply(&talk,
                      "{'execute': 'qom-list-types', 'arguments': {'implements': 'nothing'}}",
                      "{\"return\": []}");
    talk.vm->n_cores = 1; /* and now things can be plugged in */
    talk_assert_reply(
        &talk, "{'execute': 'qom-list-types', 'arguments': {'implements': 'device'}}",
        "{\"return\": [{\"name\": \"lamp\", \"parent\": \"device\"}, {\"name\": \"bell\", "
        "\"parent\": \"device\"}, {\"name\": \"shelf\", \"parent\": \"device\"}, {\"name\": "
        "\"room-core\", \"parent\": \"device\"}]}");
    talk_assert_reply(
        &talk, "{'execute': 'qom-list-types', 'arguments': {'implements': 'memory-backend-ram'}}",
        "{\"return\": [{\"name\": \"memory-backend-ram\", \"parent\": \"memory-backend\"}]}");
    talk_end(&talk);
}

static void
properties_have_types_and_defaults(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_reply(
        &talk, "{'execute': 'device-list-properties', 'arguments': {'typename': 'lamp'}}",
        "{\"return\": [{\"name\": \"on\", \"type\": \"bool\", \"description\": \"whether it "
        "burns\", \"default-value\": true}, {\"name\": \"watts\", \"type\": \"uint32\", "
        "\"default-value\": 40}, {\"name\": \"energy\", \"type\": \"uint64\"}, {\"name\": "
        "\"buffer\", \"type\": \"size\", \"default-value\": 4096}, {\"name\": \"label\", \"type\": "
        "\"str\"}, {\"name\": \"colour\", \"type\": \"enum\", \"default-value\": \"green\", "
        "\"x-choices\": [\"red\", \"green\"]}]}");
    talk_assert_reply(&talk,
                      "{'execute': 'device-list-properties', 'arguments': {'typename': 'bell'}}",
                      "{\"return\": []}");
    talk_assert_reply(
        &talk,
        "{'execute': 'device-list-properties', 'arguments': {'typename': 'house-1.0-machine'}}",
        "{\"return\": [{\"name\": \"rooms\", \"type\": \"uint32\", \"default-value\": 0}]}");
    talk_assert_error(&talk,
                      "{'execute': 'device-list-properties', 'arguments': {'typename': 'tv'}}",
                      "DeviceNotFound", "Device 'tv' not found");
    talk_assert_error(
        &talk,
        "{'execute': 'device-list-properties', 'arguments': {'typename': 'house-0.1-machine'}}",
        "DeviceNotFound", "Device 'house-0.1-machine' not found");
    talk_end(&talk);
}

static void
assert_event(Talk *talk, const VmEvent *event, const char *tail)
{
    gint64 before = g_get_real_time() / G_USEC_PER_SEC, seconds;
    json_t *message;
    const char *line;

    qmp_session_event(talk->session, event);
    line = talk_next(talk);
    talk_assert_silent(talk);
    if (!g_str_has_suffix(line, tail))
        g_error("%s does not end with %s", line, tail);
    message = json_loads(line, 0, NULL);
    seconds = json_integer_value(json_object_get(json_object_get(message, "timestamp"), "seconds"));
    g_assert_cmpint(seconds, >=, before);
    g_assert_cmpint(seconds, <=, g_get_real_time() / G_USEC_PER_SEC);
    json_decref(message);
}

static void
events_have_qemus_names_and_members(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_STOP}, ", \"event\": \"STOP\"}");
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_RESUME}, ", \"event\": \"RESUME\"}");
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_POWERDOWN}, ", \"event\": \"POWERDOWN\"}");
    assert_event(&talk, &(VmEvent){VM_EVENT_RESET, FALSE, "host-qmp-system-reset"},
                 "\"event\": \"RESET\", \"data\": {\"guest\": false, \"reason\": "
                 "\"host-qmp-system-reset\"}}");
    assert_event(&talk, &(VmEvent){VM_EVENT_SHUTDOWN, TRUE, "guest-shutdown"},
                 "\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": "
                 "\"guest-shutdown\"}}");
    assert_event(&talk, &(VmEvent){VM_EVENT_GUEST_PANICKED, TRUE, "os-term: \xff"},
                 "\"x-message\": \"os-term: \\uFFFD\"}}");
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_MIGRATION, .reason = "pre-switchover"},
                 "\"event\": \"MIGRATION\", \"data\": {\"status\": \"pre-switchover\"}}");
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_MIGRATION_PASS, .pass = G_MAXUINT32 + 1ull},
                 "\"event\": \"MIGRATION_PASS\", \"data\": {\"pass\": 4294967296}}");
    talk_end(&talk);
}

/* SESSION-1, with the conversation cut in two at every byte. */
static void
replies_do_not_depend_on_how_the_bytes_arrive(void)
{
    static const char conversation[] =
        "{'execute':'query-name'}\n" HELLO "{\"execute\": \"query-uuid\", \"id\": \"}{\"}\r\n"
        "garbage\n{\"execute\":\n \"device-list-properties\",\n \"arguments\": {\"typename\": "
        "\"bell\"}, \"id\": [1]}\001{'execute': 'it\\'s'}";
    gsize n = sizeof(conversation) - 1;
    g_autofree char *expected = NULL;

    for (gsize cut = 0; cut <= n; cut++) {
        Talk talk = talk_begin();
        g_autofree char *all = NULL;

        talk_open(&talk, FALSE);
        talk_say_bytes(&talk, conversation, cut);
        talk_say_bytes(&talk, conversation + cut, n - cut);
        g_assert_cmpuint(talk.lines->len, ==, 1 + 7);
        g_ptr_array_add(talk.lines, NULL);
        all = g_strjoinv("\n", (char **)talk.lines->pdata);
        if (expected == NULL)
            expected = g_strdup(all);
        g_assert_cmpstr(all, ==, expected);
        talk_end(&talk);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        GTestFunc func;
    } tests[] = {
        {"/qmp/the-greeting-has-version-and-capabilities",
         the_greeting_has_version_and_capabilities},
        {"/qmp/nothing-but-negotiation-comes-first", nothing_but_negotiation_comes_first},
        {"/qmp/the-id-comes-back-whatever-it-is", the_id_comes_back_whatever_it_is},
        {"/qmp/malformed-input-is-answered-and-survived", malformed_input_is_answered_and_survived},
        {"/qmp/wrong-members-are-named", wrong_members_are_named},
        {"/qmp/every-command-checks-its-arguments", every_command_checks_its_arguments},
        {"/qmp/argument-errors-have-qemus-words", argument_errors_have_qemus_words},
        {"/qmp/stop-and-cont-change-the-state-and-tell-it",
         stop_and_cont_change_the_state_and_tell_it},
        {"/qmp/requests-reach-the-vm", requests_reach_the_vm},
        {"/qmp/queries-show-the-machine", queries_show_the_machine},
        {"/qmp/query-commands-lists-what-is-answered", query_commands_lists_what_is_answered},
        {"/qmp/machines-are-those-that-run", machines_are_those_that_run},
        {"/qmp/types-are-filtered-by-what-they-implement",
         types_are_filtered_by_what_they_implement},
        {"/qmp/properties-have-types-and-defaults", properties_have_types_and_defaults},
        {"/qmp/events-have-qemus-names-and-members", events_have_qemus_names_and_members},
        {"/qmp/replies-do-not-depend-on-how-the-bytes-arrive",
         replies_do_not_depend_on_how_the_bytes_arrive},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].path, tests[i].func);
    return g_test_run();
}
