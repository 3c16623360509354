#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# probe.sh OUTPUT COMPILER FLAG...: write a header with a MMS_HAVE_* for each
# interface that the kernel offers. Each probe is a function that compiles only
# if the kernel has the interface.
set -eu

out=$1
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
names=

# probe NAME HEADER... <BODY: prepare a probe function with that body
probe() {
	name=$1
	shift
	{
		printf '#include <linux/%s.h>\n' "$@"
		echo "void mms_probe(void);"
		echo "void mms_probe(void)"
		echo "{"
		cat
		echo "}"
	} >"$tmp/$name.c"
	names="$names $name"
}

probe WORKS mm <<-END
END
probe FAILS mm <<-END
	mms_there_is_no_such_function();
END
probe VM_FLAGS_SET mm <<-END
	vm_flags_set((struct vm_area_struct *)0, VM_IO);
END
probe CONST_DEVNODE device <<-END
	char *(*fn)(const struct device *, umode_t *, kuid_t *, kgid_t *) = 0;
	const struct device_type type = { .devnode = fn };

	(void)type;
END
probe CONST_UEVENT device <<-END
	int (*fn)(const struct device *, struct kobj_uevent_env *) = 0;
	const struct device_type type = { .uevent = fn };

	(void)type;
END
probe COPY_SPLICE_READ fs <<-END
	(void)copy_splice_read;
END
probe SET_DEFAULT_D_OP fs <<-END
	set_default_d_op((struct super_block *)0, 0);
END
probe MAPPING_SET_INACCESSIBLE pagemap <<-END
	mapping_set_inaccessible((struct address_space *)0);
END
probe ERROR_REMOVE_FOLIO fs <<-END
	const struct address_space_operations aops = { .error_remove_folio = 0 };

	(void)aops;
END
probe MMAP_PREPARE fs mm <<-END
	int (*prepare)(struct vm_area_desc *) = 0;
	int (*mapped)(unsigned long, unsigned long, pgoff_t, const struct file *, void **) = 0;
	const struct file_operations fops = { .mmap_prepare = prepare };
	const struct vm_operations_struct ops = { .mapped = mapped };
	struct vm_area_desc desc = { .vma_flags = legacy_to_vma_flags(0) };

	(void)fops;
	(void)ops;
	(void)vma_flags_to_legacy(desc.vma_flags);
END
probe FOLIO_LARGE_MAPCOUNT mm <<-END
	(void)folio_large_mapcount((struct folio *)0);
END
probe CRC32C_LE crc32 <<-END
	(void)__crc32c_le(0, "", 0);
END
probe NS_TOKEN module <<-END
	MODULE_IMPORT_NS(MMAPSHARE);
END
probe DMA_BUF_MAP_UNLOCKED dma-buf <<-END
	(void)dma_buf_map_attachment_unlocked;
END
probe DMA_BUF_VMAP_UNLOCKED dma-buf <<-END
	(void)dma_buf_vmap_unlocked;
END
probe FTRACE_SET_IP ftrace <<-END
	ftrace_regs_set_instruction_pointer((struct ftrace_regs *)0, 0);
END
probe RESERVE_MEM mm <<-END
	phys_addr_t start, size;

	(void)reserve_mem_find_by_name("", &start, &size);
END
probe HRTIMER_SETUP hrtimer <<-END
	hrtimer_setup((struct hrtimer *)0, 0, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
END

pids=
for name in $names; do
	"$@" -fsyntax-only -Wno-error \
		-Werror=implicit-function-declaration \
		-Werror=incompatible-pointer-types -Werror=int-conversion \
		"$tmp/$name.c" 2>"$tmp/$name.log" && : >"$tmp/$name.yes" &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid" || :
done

if [ ! -e "$tmp/WORKS.yes" ] || [ -e "$tmp/FAILS.yes" ]; then
	echo "mmapshare: cannot compile against this kernel's headers:" >&2
	cat "$tmp/WORKS.log" >&2
	exit 1
fi

{
	echo "/* made by probe.sh */"
	for name in $names; do
		[ ! -e "$tmp/$name.yes" ] || echo "#define MMS_HAVE_$name 1"
	done
} >"$out"
