/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's commands about what is plugged: how arguments become properties, what the queries show.
 */
#include "tests/unit/vmm/talk.h"

static void
arguments_become_properties(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    talk_assert_reply(&talk,
                      "{'execute':'object-add','arguments':{'id':'m','qom-type':'ram','size':4096,"
                      "'share':true,'prealloc':false}}",
                      "{\"return\": {}}");
    talk_assert_reply(&talk,
                      "{'execute':'device_add','arguments':{'driver':'pc-dimm','memdev':'m'}}",
                      "{\"return\": {}}");
    talk_assert_reply(&talk, "{'execute':'object-del','arguments':{'id':'m'}}", "{\"return\": {}}");
    g_assert_cmpstr(talk.vm->told->str, ==,
                    "object ram,id=m,size=4096,share=on,prealloc=off;device pc-dimm,memdev=m;"
                    "object-del m;");
    talk_end(&talk);
}

static void
wrong_arguments_are_named(void)
{
    static const char *const lines[][2] = {
        {"{'execute':'object-add'}", "Parameter 'qom-type' is missing"},
        {"{'execute':'object-add','arguments':{'qom-type':1}}",
         "Invalid parameter type for 'qom-type', expected: string"},
        {"{'execute':'device_add','arguments':{'id':'a'}}", "Parameter 'driver' is missing"},
        {"{'execute':'device_add','arguments':{'driver':'d','addr':[1]}}",
         "Invalid parameter type for 'addr', expected: string, integer or boolean"},
        {"{'execute':'device_add','arguments':{'driver':'d','addr':null}}",
         "Invalid parameter type for 'addr', expected: string, integer or boolean"},
    };
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        talk_assert_error(&talk, lines[i][0], "GenericError", lines[i][1]);
    talk.vm->failure = "no slot is free";
    talk_assert_error(&talk, "{'execute':'device_add','arguments':{'driver':'d'}}", "GenericError",
                      "no slot is free");
    talk_assert_error(&talk, "{'execute':'device_del','arguments':{'id':'x'}}", "DeviceNotFound",
                      "Device 'x' not found");
    talk_assert_error(&talk, "{'execute':'query-hotpluggable-cpus'}", "GenericError",
                      "machine does not support hot-plugging CPUs");
    g_assert_cmpstr(talk.vm->told->str, ==, "");
    talk_end(&talk);
}

static void
queries_show_what_is_plugged(void)
{
    static const VdevPlug dimm = {.kind = VDEV_PLUG_MEMORY,
                                  .id = "d1",
                                  .gpa = 0x40000000,
                                  .size = 0x10000000,
                                  .slot = 2,
                                  .node = 1,
                                  .block = "m1"};
    static const VdevPlug core = {.kind = VDEV_PLUG_CPU, .id = "c1", .core_id = 8};
    static const VmPlugInfo plugs[] = {{&core, TRUE}, {&dimm, TRUE}};
    static const VdevCoreSlot cores[] = {{16, 4, FALSE}, {8, 4, TRUE}, {0, 4, TRUE}};
    Talk talk = talk_begin();

    talk.vm->plugs = plugs;
    talk.vm->n_plugs = G_N_ELEMENTS(plugs);
    talk.vm->cores = cores;
    talk.vm->n_cores = G_N_ELEMENTS(cores);
    talk_open(&talk, TRUE);
    talk_assert_reply(&talk, "{'execute':'query-memory-devices'}",
                      "{\"return\": [{\"type\": \"dimm\", \"data\": {\"addr\": 1073741824, "
                      "\"size\": 268435456, \"slot\": 2, \"node\": 1, \"memdev\": \"/objects/m1\", "
                      "\"hotplugged\": true, \"hotpluggable\": true, \"id\": \"d1\"}}]}");
    talk_assert_reply(
        &talk, "{'execute':'query-hotpluggable-cpus'}",
        "{\"return\": [{\"type\": \"room-core\", \"vcpus-count\": 4, \"props\": {\"core-id\": 16}},"
        " {\"type\": \"room-core\", \"vcpus-count\": 4, \"props\": {\"core-id\": 8}, "
        "\"qom-path\": \"/machine/peripheral/c1\"}, {\"type\": \"room-core\", \"vcpus-count\": 4, "
        "\"props\": {\"core-id\": 0}, \"qom-path\": \"/machine/unattached/core[0]\"}]}");
    talk_assert_reply(&talk, "{'execute':'query-memdev'}",
                      "{\"return\": [{\"id\": \"main\", \"size\": 4096, \"share\": true, "
                      "\"prealloc\": false, \"merge\": true, \"dump\": true, \"host-nodes\": [], "
                      "\"policy\": \"default\"}]}");
    talk_assert_reply(&talk, "{'execute':'device_del','arguments':{'id':'d1'}}",
                      "{\"return\": {}}");
    talk_end(&talk);
}

static void
assert_event(Talk *talk, const VmEvent *event, const char *tail)
{
    const char *line;

    qmp_session_event(talk->session, event);
    line = talk_next(talk);
    if (!g_str_has_suffix(line, tail))
        g_error("%s does not end with %s", line, tail);
}

static void
events_name_the_device(void)
{
    Talk talk = talk_begin();

    talk_open(&talk, TRUE);
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_DEVICE_DELETED, .device = "d1"},
                 "\"event\": \"DEVICE_DELETED\", \"data\": {\"path\": \"/machine/peripheral/d1\", "
                 "\"device\": \"d1\"}}");
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_DEVICE_DELETED},
                 "\"data\": {\"path\": \"/machine/peripheral-anon\"}}");
    assert_event(&talk, &(VmEvent){.kind = VM_EVENT_DEVICE_UNPLUG_GUEST_ERROR, .device = "d1"},
                 "\"event\": \"DEVICE_UNPLUG_GUEST_ERROR\", \"data\": {\"path\": "
                 "\"/machine/peripheral/d1\", \"device\": \"d1\"}}");
    assert_event(
        &talk, &(VmEvent){.kind = VM_EVENT_MEM_UNPLUG_ERROR, .device = "d1", .reason = "in use"},
        "\"event\": \"MEM_UNPLUG_ERROR\", \"data\": {\"device\": \"d1\", \"msg\": \"in use\"}}");
    talk_end(&talk);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-hotplug/arguments-become-properties", arguments_become_properties);
    g_test_add_func("/qmp-hotplug/wrong-arguments-are-named", wrong_arguments_are_named);
    g_test_add_func("/qmp-hotplug/queries-show-what-is-plugged", queries_show_what_is_plugged);
    g_test_add_func("/qmp-hotplug/events-name-the-device", events_name_the_device);
    return g_test_run();
}
