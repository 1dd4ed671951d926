// Clone: how a map is copied since Go 1.21.

//go:build go1.21

package maps

import "maps"

func clone(m ints) ints { return maps.Clone(m) }
