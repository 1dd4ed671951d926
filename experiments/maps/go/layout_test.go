// Layout: what a map is made of since Go 1.24: tables of groups of eight slots, in a directory.

//go:build go1.24

package maps

import "unsafe"

type swissMap struct {
	used               uint64
	seed               uintptr
	directory          unsafe.Pointer // of tables; or the one group of a small map
	directoryLen       int
	depth, shift       uint8
	writing            uint8
	tombstonesPossible bool
	clears             uint64
}

type table struct {
	used, capacity, growthLeft uint16
	depth                      uint8
	index                      int
	groups                     unsafe.Pointer
	lastGroup                  uint64
}

type group struct {
	control [8]uint8
	slots   [8]struct{ key, value int64 }
}

const emptyControl = 0x80

func swissOf(m ints) *swissMap { return *(**swissMap)(unsafe.Pointer(&m)) }

func (m *swissMap) at(index int) *table {
	return *(**table)(unsafe.Pointer(uintptr(m.directory) + uintptr(index)*unsafe.Sizeof(uintptr(0))))
}

// tables are those of the directory, each once.
func (m *swissMap) tables() (all []*table) {
	for index := 0; index < m.directoryLen; index++ {
		if t := m.at(index); len(all) == 0 || all[len(all)-1] != t {
			all = append(all, t)
		}
	}
	return all
}

func (t *table) group(index uint64) *group {
	return (*group)(unsafe.Pointer(uintptr(t.groups) + uintptr(index)*unsafe.Sizeof(group{})))
}

// small is the map's only group, if it has no table yet.
func (m *swissMap) small() *group {
	if m.directoryLen == 0 {
		return (*group)(m.directory)
	}
	return nil
}

// buckets counts the groups of all tables.
func buckets(m ints) int {
	count := 0
	for _, t := range swissOf(m).tables() {
		count += int(t.lastGroup) + 1
	}
	if count == 0 {
		return 1
	}
	return count
}

func (m *swissMap) tableOf(hash uintptr) *table {
	if m.directoryLen == 1 {
		return m.at(0)
	}
	return m.at(int(hash >> m.shift))
}

// probe visits the groups in which a hash is looked for, until visit has enough.
func (t *table) probe(hash uintptr, visit func(index uint64, g *group) bool) {
	at := uint64(hash>>7) & t.lastGroup
	for step := uint64(1); visit(at, t.group(at)); step++ {
		at = (at + step) & t.lastGroup
	}
}

// walk visits all entries; a group's number counts within its table.
func walk(m ints, visit func(entry)) {
	groups := func(index int, g *group, t *table) {
		for slot, control := range g.control {
			if control >= emptyControl {
				continue
			}
			e := entry{key: g.slots[slot].key, bucket: index, tag: control}
			if t != nil {
				t.probe(hash(m, e.key), func(_ uint64, visited *group) bool {
					e.visited++
					return visited != g
				})
			}
			visit(e)
		}
	}
	if g := swissOf(m).small(); g != nil {
		groups(0, g, nil)
	}
	for _, t := range swissOf(m).tables() {
		for index := uint64(0); index <= t.lastGroup; index++ {
			groups(int(index), t.group(index), t)
		}
	}
}

// miss says how many groups are visited in vain for a key that is not there.
func miss(m ints, key int64) (visited, checked int) {
	h := hash(m, key)
	swissOf(m).tableOf(h).probe(h, func(_ uint64, g *group) bool {
		visited++
		for _, control := range g.control {
			if control == emptyControl {
				return false
			}
		}
		return true
	})
	return visited, 0
}

const chained = false

func overflows(ints) (with, all int) { return 0, 0 }

func rebuiltInPlace() interface{} { return noOverflow }

// moving says whether entries are missing from the current tables.
func moving(m ints) bool {
	count := 0
	walk(m, func(entry) { count++ })
	return count != len(m)
}

func seed(m ints) uintptr { return swissOf(m).seed }

// pretendWriting leaves the mark of a write that has not ended.
func pretendWriting(m ints) { swissOf(m).writing ^= 1 }
