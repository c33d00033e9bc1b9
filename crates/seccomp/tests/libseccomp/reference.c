/* Reads a filter, a line for each word about it, has libseccomp compile it, and writes the program to stdout.
 *
 *   default VALUE            what the kernel does otherwise, as SECCOMP_RET_* has it
 *   arch NAME                in libseccomp's words: x86, x32
 *   rule VALUE CALL [INDEX OP A B]...
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum scmp_compare operator_of(const char *name) {
    static const struct { const char *name; enum scmp_compare op; } all[] = {
        {"NE", SCMP_CMP_NE}, {"LT", SCMP_CMP_LT}, {"LE", SCMP_CMP_LE}, {"EQ", SCMP_CMP_EQ},
        {"GE", SCMP_CMP_GE}, {"GT", SCMP_CMP_GT}, {"MASKED_EQ", SCMP_CMP_MASKED_EQ},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i].name, name)) return all[i].op;
    exit(2);
}

int main(void) {
    scmp_filter_ctx ctx = NULL;
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char *word = strtok(line, " \n");
        if (!word) continue;
        if (!strcmp(word, "default")) {
            ctx = seccomp_init(strtoul(strtok(NULL, " \n"), NULL, 0));
            if (!ctx) return 3;
            seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        } else if (!strcmp(word, "arch")) {
            int done = seccomp_arch_add(ctx, seccomp_arch_resolve_name(strtok(NULL, " \n")));
            if (done && done != -EEXIST) return 4;
        } else if (!strcmp(word, "rule")) {
            uint32_t action = strtoul(strtok(NULL, " \n"), NULL, 0);
            int call = seccomp_syscall_resolve_name(strtok(NULL, " \n"));
            struct scmp_arg_cmp args[6];
            unsigned count = 0;
            for (char *index; count < 6 && (index = strtok(NULL, " \n")); count++) {
                args[count].arg = strtoul(index, NULL, 0);
                args[count].op = operator_of(strtok(NULL, " \n"));
                args[count].datum_a = strtoull(strtok(NULL, " \n"), NULL, 0);
                args[count].datum_b = strtoull(strtok(NULL, " \n"), NULL, 0);
            }
            if (call == __NR_SCMP_ERROR) continue;
            int done = seccomp_rule_add_array(ctx, action, call, count, args);
            if (done) {
                fprintf(stderr, "rule for call %d: %s\n", call, strerror(-done));
                return 5;
            }
        }
    }
    return seccomp_export_bpf(ctx, 1) ? 6 : 0;
}
