# shellcheck shell=bash
# bash completion for tcpwaitspy(1). Options and their values come from `tcpwaitspy COMMAND --help`,
# so that a new option needs nothing here.

_tcpwaitspy_options()
{
	"$1" ${2:+"$2"} --help 2>/dev/null | sed -n 's/^  *\(\(-[a-zA-Z], \)\{0,1\}--.*\)/\1/p' | grep -oE -- '--[a-z][a-z-]*'
}

# The choices of an option that has them: "--format=text|json".
_tcpwaitspy_choices()
{
	"$1" ${2:+"$2"} --help 2>/dev/null | grep -oE -- "$3=[a-z0-9]+(\\|[a-z0-9]+)+" | head -n 1 | sed 's/.*=//' | tr '|' ' '
}

_tcpwaitspy()
{
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local commands command=run i=1 word choices

	commands=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]\{2,\}\)  *[a-z].*/\1/p')
	if [[ $COMP_CWORD -gt 1 && " ${commands//$'\n'/ } " == *" ${COMP_WORDS[1]} "* ]]; then
		command=${COMP_WORDS[1]}
		i=2
	fi
	# Behind the program's name, what follows is the program's.
	if [[ $command == run ]]; then
		for (( ; i < COMP_CWORD; i++)); do
			word=${COMP_WORDS[i]}
			if [[ $word == -- || $word != -* ]]; then
				[[ $word == -- ]] && ((i++))
				if ((i < COMP_CWORD)); then
					declare -F _command_offset >/dev/null && _command_offset "$i"
				else
					mapfile -t COMPREPLY < <(compgen -c -- "$current")
				fi
				return
			fi
			# An option whose value stands in a word of its own, or is broken off at the '='.
			if [[ ${COMP_WORDS[i + 1]} == = ]]; then
				((i += 2))
			elif [[ $word != *=* ]] && "$program" run --help 2>/dev/null | grep -qE -- "(^| )$word(=|, --[a-z-]+=)"; then
				((i++))
			fi
		done
	fi
	[[ $current == = ]] && current=
	[[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
	if [[ $previous == --* ]]; then
		choices=$(_tcpwaitspy_choices "$program" "$command" "$previous")
		if [[ -n $choices ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
			return
		fi
		if "$program" ${command:+"$command"} --help 2>/dev/null | grep -qE -- "$previous=(PATH|FILE|OUT)"; then
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			return
		fi
		case $previous in
		--rule | --rules)
			mapfile -t COMPREPLY < <(compgen -W "$("$program" explain | awk '{print $2}')" -- "$current")
			return
			;;
		--state)
			mapfile -t COMPREPLY < <(compgen -W "$("$program" ps --state '?' 2>&1 | sed 's/.*states are//; s/,//g')" -- "$current")
			return
			;;
		esac
	fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_tcpwaitspy_options "$program" "$command")" -- "$current")
		return
	fi
	case $command in
	explain) mapfile -t COMPREPLY < <(compgen -W "$("$program" explain | awk '{print $2}')" -- "$current") ;;
	ps) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$current") ;;
	run)
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
		((COMP_CWORD == 1)) && mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current"; compgen -c -- "$current")
		;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	esac
}

complete -o filenames -o bashdefault -F _tcpwaitspy tcpwaitspy
