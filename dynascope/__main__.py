from dynascope.cli import main

main()
