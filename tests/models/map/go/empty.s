// empty: tells the compiler that main.go declares functions whose bodies are elsewhere.
