# soak.gp - draws the picture of a soak. Called by soak.sh with -e: csv, title, and base (no extension).
set datafile separator ','
set datafile missing ''
limit_get = 5
limit_render = 1000

do for [kind in "svg png"] {
	if (kind eq "svg") { set terminal svg size 1000,1180 font 'sans,12' background rgb 'white' } \
	else { set terminal pngcairo size 1000,1180 font 'sans,11' }
	set output base.'.'.kind
	set multiplot layout 4,1 title title font ',14' noenhanced
	set grid xtics ytics lt 1 lw 1 lc rgb '#dde3ea'
	set border 3
	set tics nomirror
	set key outside top center horizontal
	set lmargin 12
	set rmargin 12
	set autoscale xfix
	set xlabel ''

	set ylabel 'memory, MB'
	set yrange [0:*]
	plot csv using (column('time_s')/60):(column('rss_bytes')/1e6) with lines lw 1.5 lc rgb '#1c5fd4' title 'resident', \
	     csv using (column('time_s')/60):(column('pss_bytes')/1e6) with lines lw 1.5 lc rgb '#7aa6ef' title 'proportional', \
	     csv using (column('time_s')/60):(column('budget_bytes') < 0 ? NaN : column('budget_bytes')/1e6) with lines lw 1.5 lc rgb '#c05a08' title 'taken from the budget'

	set ylabel 'count'
	plot csv using (column('time_s')/60):'fds' with lines lw 1.5 lc rgb '#1c5fd4' title 'descriptors', \
	     csv using (column('time_s')/60):'threads' with lines lw 1.5 lc rgb '#c05a08' title 'threads', \
	     csv using (column('time_s')/60):'children' with lines lw 1.5 lc rgb '#7a3fb0' title 'children', \
	     csv using (column('time_s')/60):'projects' with lines lw 1.5 lc rgb '#3f8f4f' title 'projects'

	set ylabel 'bystander, ms'
	set logscale y
	set yrange [*:*]
	set arrow 1 from graph 0, first limit_get to graph 1, first limit_get nohead dt 2 lc rgb '#1c5fd4'
	set arrow 2 from graph 0, first limit_render to graph 1, first limit_render nohead dt 2 lc rgb '#c05a08'
	set label 1 '5 ms' at graph 1.01, first limit_get tc rgb '#1c5fd4'
	set label 2 '1 s' at graph 1.01, first limit_render tc rgb '#c05a08'
	plot csv using (column('time_s')/60):(column('get_max_us')/1e3) with points pt 7 ps 0.4 lc rgb '#6f9fe8' title 'get max', \
	     csv using (column('time_s')/60):(column('get_p99_us')/1e3) with lines lw 1 lc rgb '#1c5fd4' title 'get p99', \
	     csv using (column('time_s')/60):(column('get_p50_us')/1e3) with lines lw 1 lc rgb '#0b2f70' title 'get p50', \
	     csv using (column('time_s')/60):(column('render_max_us')/1e3) with points pt 7 ps 0.4 lc rgb '#e0954f' title 'render max', \
	     csv using (column('time_s')/60):(column('render_p50_us')/1e3) with lines lw 1 lc rgb '#c05a08' title 'render p50'
	unset arrow
	unset label
	unset logscale y

	set ylabel 'since the start'
	set xlabel 'minutes'
	set yrange [0:*]
	set y2tics nomirror
	set y2label 'failures, hang-ups'
	set y2range [0:*]
	set border 11
	plot csv using (column('time_s')/60):'results' with lines lw 1.5 lc rgb '#3f8f4f' title 'results', \
	     csv using (column('time_s')/60):'error_replies' with lines lw 1.5 lc rgb '#c05a08' title 'error replies', \
	     csv using (column('time_s')/60):'hangups' axes x1y2 with lines lw 1.5 lc rgb '#7a3fb0' title 'hang-ups', \
	     csv using (column('time_s')/60):'failures' axes x1y2 with lines lw 2 lc rgb '#c01818' title 'failures'
	unset multiplot
	unset output
	unset y2tics
	unset y2label
}
