# peers: the libraries whose maps are compared.

set(peers absl::flat_hash_map absl::hash Boost::headers)
