module bucketstates

go 1.17
