{{- /* The whole numbers of a table, in place: Helm reads every number of a values file as a float, which TOML would show. */ -}}
{{- define "sameweights.whole" -}}
{{- range $key, $value := . }}
{{- if and (kindIs "float64" $value) (eq (floor $value) $value) }}
{{- $_ := set $ $key (int64 $value) }}
{{- else if kindIs "map" $value }}
{{- include "sameweights.whole" $value }}
{{- else if kindIs "slice" $value }}
{{- $items := list }}
{{- range $item := $value }}
{{- if and (kindIs "float64" $item) (eq (floor $item) $item) }}
{{- $item = int64 $item }}
{{- else if kindIs "map" $item }}
{{- include "sameweights.whole" $item }}
{{- end }}
{{- $items = append $items $item }}
{{- end }}
{{- $_ := set $ $key $items }}
{{- end }}
{{- end }}
{{- end }}

{{- define "sameweights.toml" -}}
{{- $config := deepCopy .Values.config }}
{{- $admin := $config.admin | default dict }}
{{- $name := printf "%s-admin" .Release.Name }}
{{- $near := list $name (printf "%s.%s" $name .Release.Namespace) }}
{{- range tuple "svc" "svc.cluster.local" }}
{{- $near = append $near (printf "%s.%s.%s" $name $.Release.Namespace .) }}
{{- end }}
{{- $_ := set $admin "hosts" (concat $near ($admin.hosts | default list) | uniq) }}
{{- $_ := set $config "admin" $admin }}
{{- include "sameweights.whole" $config }}
{{- toToml $config }}
{{- end }}

{{- /* Where records are kept: the image's own setting takes precedence over the file, so it is replaced in the pod. */ -}}
{{- define "sameweights.store" -}}
{{- (.Values.config.storage | default dict).url | default "sqlite:////var/lib/sameweights/sameweights.db" }}
{{- end }}
