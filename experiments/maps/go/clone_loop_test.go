// Clone: how a map is copied before Go 1.21 had maps.Clone.

//go:build !go1.21

package maps

func clone(m ints) ints {
	c := make(ints, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
