#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Volume groups as sorted lines, to be compared.

  lvmlines.py lvm PVS VGS LVS   what pvs, vgs, lvs --segments say, as JSON
  lvmlines.py ours VOLUMES      what diskwright volumes --json says
  lvmlines.py fields pvs|vgs|lvs    what to ask LVM for, with -o

Physical volumes go by their UUIDs, as LVM names devices.
"""
import json
import re
import sys

FIELDS = {
    'pvs': 'pv_name pv_uuid vg_name dev_size pv_size pv_used pv_free'
           ' pe_start',
    'vgs': 'vg_name vg_uuid vg_seqno vg_extent_size vg_size vg_free pv_count'
           ' lv_count vg_missing_pv_count',
    'lvs': 'vg_name lv_name lv_uuid lv_size lv_role origin pool_lv segtype'
           ' seg_start seg_size stripe_size chunk_size seg_le_ranges',
}
# Kinds of segments whose chunk size is in their own metadata; LVM says it of
# others that use them, too.
CHUNKED = ('thin-pool', 'cache-pool')


def report(path, what):
    with open(path, encoding='utf-8') as f:
        return [row for part in json.load(f)['report'] for row in part[what]]


def plain(name):
    return name.strip('[]')


def areas(text, names):
    """DEV:FIRST-LAST, DEV by what it is called here."""
    found = re.findall(r'([^ ,]+?):(\d+)-(\d+)', text)
    return ' '.join(f'{names.get(d, plain(d))}:{a}-{b}' for d, a, b in found)


def lvm_lines(pvs, vgs, lvs):
    names = {}
    for pv in pvs:
        names[pv['pv_name']] = pv['pv_uuid']
        yield ('pv', pv['pv_uuid'], pv['vg_name'], pv['dev_size'],
               pv['pv_size'], pv['pv_used'], pv['pv_free'], pv['pe_start'])
    for vg in vgs:
        yield ('vg', vg['vg_name'], vg['vg_uuid'], vg['vg_seqno'],
               vg['vg_extent_size'], vg['vg_size'], vg['vg_free'],
               vg['pv_count'], vg['lv_count'], vg['vg_missing_pv_count'])
    for lv in lvs:
        name = plain(lv['lv_name'])
        hidden = 'hidden' if lv['lv_name'].startswith('[') else 'visible'
        yield ('lv', lv['vg_name'], name, lv['lv_uuid'], hidden,
               lv['lv_size'], plain(lv['origin']), plain(lv['pool_lv']))
        chunk = lv['chunk_size'] if lv['segtype'] in CHUNKED else '0'
        yield ('seg', lv['vg_name'], name, lv['seg_start'], lv['segtype'],
               lv['seg_size'], lv['stripe_size'], chunk,
               areas(lv['seg_le_ranges'], names))


def our_lines(groups):
    for vg in groups:
        pvs, lvs = vg['physical_volumes'], vg['logical_volumes']
        names = {pv['name']: pv['uuid'] for pv in pvs}
        for pv in pvs:
            if not pv['missing']:
                yield ('pv', pv['uuid'], vg['name'], pv['device_size'],
                       pv['size'], pv['used'], pv['free'], pv['data_offset'])
        yield ('vg', vg['name'], vg['uuid'], vg['seqno'], vg['extent_size'],
               vg['size'], vg['free'], len(pvs),
               sum(lv['visible'] for lv in lvs),
               sum(pv['missing'] for pv in pvs))
        for lv in lvs:
            hidden = 'visible' if lv['visible'] else 'hidden'
            yield ('lv', vg['name'], lv['name'], lv['uuid'], hidden,
                   lv['size'], lv['origin'] or '', lv['pool'] or '')
            for s in lv['segments']:
                chunk = s['chunk_size'] if s['type'] in CHUNKED else 0
                yield ('seg', vg['name'], lv['name'], s['offset'], s['type'],
                       s['size'], s['stripe_size'], chunk,
                       areas(' '.join(s['areas']), names))


def main():
    if sys.argv[1] == 'fields':
        print(FIELDS[sys.argv[2]].replace(' ', ','))
        return
    if sys.argv[1] == 'lvm':
        lines = lvm_lines(report(sys.argv[2], 'pv'), report(sys.argv[3], 'vg'),
                          report(sys.argv[4], 'seg'))
    else:
        with open(sys.argv[2], encoding='utf-8') as f:
            lines = our_lines(json.load(f)['groups'])
    # Each volume has one line, however many segments it has.
    for line in sorted({' '.join(map(str, line)) for line in lines}):
        print(line.rstrip())


main()
